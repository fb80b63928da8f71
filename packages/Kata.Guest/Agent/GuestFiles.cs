using Kata.Linux;
using Microsoft.Win32.SafeHandles;

namespace Kata.Guest.Agent;

/// <summary>
/// Paths that come from the host, below directories that containers may write to. No such path leads out of its base directory, not
/// even through symbolic links that a container has put there.
/// </summary>
internal static class GuestFiles
{
    /// <summary>Whether a path is absolute, in its shortest form, and below <paramref name="directory"/>.</summary>
    public static bool IsBelow(string path, string directory)
    {
        if (!path.StartsWith(directory, StringComparison.Ordinal) || path.Contains('\0', StringComparison.Ordinal))
            return false;
        var rest = path.AsSpan(directory.Length).TrimEnd('/');
        if (rest.IsEmpty || rest[0] != '/')
            return false;
        foreach (var part in rest[1..].Split('/'))
        {
            if (rest[1..][part] is "" or "." or "..")
                return false;
        }

        return true;
    }

    /// <summary>Refuses a path that is not <see cref="IsBelow"/>.</summary>
    /// <param name="what">What it is, for the message.</param>
    /// <exception cref="AgentException">INVALID_ARGUMENT.</exception>
    public static string Check(string path, string directory, string what) =>
        IsBelow(path, directory) ? path.TrimEnd('/') : throw AgentException.Invalid($"The {what} '{path}' is not below {directory}.");

    /// <summary>Opens a directory below <paramref name="root"/> and makes it, and those above it, where missing.</summary>
    /// <param name="path">As <see cref="IsBelow"/> allows; symbolic links in it are refused.</param>
    /// <param name="created">Called with the <c>/proc</c> path of each directory made.</param>
    public static SafeFileHandle OpenDirectory(string root, string path, Action<string>? created = null)
    {
        var current = FileDescriptors.Open(root, OpenFlags.Path | OpenFlags.Directory);
        foreach (var name in path[root.Length..].Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            var parent = current;
            using (parent)
                current = OpenChild(parent, name, created);
        }

        return current;
    }

    /// <summary>A path of an open file for calls that take no descriptor.</summary>
    public static string PathOf(SafeFileHandle descriptor) => $"/proc/self/fd/{descriptor.DangerousGetHandle()}";

    private static SafeFileHandle OpenChild(SafeFileHandle directory, string name, Action<string>? created)
    {
        const ResolveFlags resolve = ResolveFlags.Beneath | ResolveFlags.NoSymlinks;
        try
        {
            return FileDescriptors.OpenBeneath(directory, name, OpenFlags.Path | OpenFlags.Directory, resolve: resolve);
        }
        catch (LinuxException e) when (e.Errno == Errno.ENOENT)
        {
            var path = $"{PathOf(directory)}/{name}";
            Directory.CreateDirectory(path);
            created?.Invoke(path);
            return FileDescriptors.OpenBeneath(directory, name, OpenFlags.Path | OpenFlags.Directory, resolve: resolve);
        }
    }
}
