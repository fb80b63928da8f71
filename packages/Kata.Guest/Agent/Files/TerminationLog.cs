using System.Text;
using Kata.Linux;
using Kata.Protocols.Oci;

namespace Kata.Guest.Agent.Files;

/// <summary>The last words of a container, which Kubernetes shows: a file mounted where its annotation says.</summary>
internal static class TerminationLog
{
    private const string PathAnnotation = "io.kubernetes.container.terminationMessagePath";
    private const int LongestMessage = 4096;

    /// <exception cref="AgentException">The container has no such file.</exception>
    public static string Read(Spec spec)
    {
        var path = spec.Annotations?.GetValueOrDefault(PathAnnotation)
            ?? throw AgentException.NotFound("The container names no termination message path.");
        var source = spec.Mounts?.LastOrDefault(mount => mount.Destination == path)?.Source
            ?? throw AgentException.NotFound($"The container has nothing mounted on {path}.");
        GuestFiles.Check(source, GuestPaths.Base, "termination message");
        using var root = FileDescriptors.Open(GuestPaths.Base, OpenFlags.Path | OpenFlags.Directory);
        using var file = FileDescriptors.OpenBeneath(root, source[(GuestPaths.Base.Length + 1)..], OpenFlags.ReadOnly | OpenFlags.NonBlocking);
        var buffer = new byte[LongestMessage];
        var length = Math.Max(0, FileDescriptors.Read(file, buffer));
        return Encoding.UTF8.GetString(buffer, 0, length);
    }
}
