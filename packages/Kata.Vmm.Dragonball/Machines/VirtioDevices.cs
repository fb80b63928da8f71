using Kata.Virtio;

namespace Kata.Vmm.Dragonball.Machines;

/// <summary>Which virtio devices a machine has. Their order is that of their addresses, and so of the names the guest gives them.</summary>
internal static class VirtioDevices
{
    /// <summary>How to make each device, and the option it comes from.</summary>
    /// <param name="output">Takes what the guest writes to its virtio console.</param>
    public static IEnumerable<(string Option, Func<VirtioDevice> Create)> Of(MicroVmOptions options, ConsoleOutput output)
    {
        if (options.HasEntropyDevice)
            yield return (nameof(options.HasEntropyDevice), () => VirtioRng.Create(options.Logger));
        if (options.HasConsoleDevice)
        {
            yield return (
                nameof(options.HasConsoleDevice),
                () => VirtioConsole.Create(new VirtioConsoleOptions { Output = output, Logger = options.Logger }));
        }

        if (options.Vsock is { } vsock)
            yield return (nameof(options.Vsock), () => VirtioVsock.Create(vsock));
        for (var i = 0; i < options.Disks.Count; i++)
        {
            var disk = options.Disks[i];
            yield return ($"{nameof(options.Disks)}[{i}]", () => VirtioBlock.Create(disk));
        }

        for (var i = 0; i < options.Networks.Count; i++)
        {
            var network = options.Networks[i];
            yield return ($"{nameof(options.Networks)}[{i}]", () => VirtioNetwork.Create(network));
        }

        for (var i = 0; i < options.FileSystems.Count; i++)
        {
            var fileSystem = options.FileSystems[i];
            yield return ($"{nameof(options.FileSystems)}[{i}]", () => VirtioFileSystem.Create(fileSystem));
        }

        for (var i = 0; i < options.VhostUserFileSystems.Count; i++)
        {
            var fileSystem = options.VhostUserFileSystems[i];
            yield return ($"{nameof(options.VhostUserFileSystems)}[{i}]", () => VhostUserFileSystem.Create(fileSystem));
        }
    }
}
