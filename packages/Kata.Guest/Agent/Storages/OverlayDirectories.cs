using Kata.Protocols.Agent;

namespace Kata.Guest.Agent.Storages;

/// <summary>The directories of an overlay that the guest has to make itself.</summary>
internal static class OverlayDirectories
{
    private const string GuestWritable = "io.katacontainers.fs-opt.overlay-rw";
    private const string CreateDirectory = "io.katacontainers.volume.overlayfs.create_directory=";

    /// <summary>The mount options, with an upper and a work directory in the container's bundle where the storage asks for it.</summary>
    public static MountOptions Prepare(Storage storage, string baseDirectory, string? containerId)
    {
        foreach (var option in storage.DriverOptions.Where(o => o.StartsWith(CreateDirectory, StringComparison.Ordinal)))
        {
            var path = GuestFiles.Check(option[CreateDirectory.Length..], baseDirectory, "overlay directory");
            GuestFiles.OpenDirectory(baseDirectory, path).Dispose();
        }

        IEnumerable<string> options = storage.Options;
        if (storage.Options.Contains(GuestWritable) || storage.DriverOptions.Contains(GuestWritable))
        {
            var bundle = $"{baseDirectory}/{containerId ?? throw AgentException.Invalid("Only a container's overlay can be writable in the guest.")}";
            options = options.Concat([$"upperdir={Make(bundle, "fs")}", $"workdir={Make(bundle, "work")}"]);
        }

        return MountOptions.Parse(options);
    }

    private static string Make(string bundle, string name) => Directory.CreateDirectory($"{bundle}/{name}").FullName;
}
