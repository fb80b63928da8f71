using Kata.Vmm.Dragonball.Boot.Images;
using Kata.Vmm.Dragonball.Machines;

namespace Kata.Vmm.Dragonball;

/// <summary>Finds values that no machine can have.</summary>
internal static class MicroVmOptionsCheck
{
    /// <summary>APIC ids are 8 bits wide and 255 is broadcast; Kata's limit for this hypervisor is one less.</summary>
    public const int MostVcpus = 254;

    /// <summary>1 TiB.</summary>
    public const int MostMemoryMib = 1 << 20;

    private const int LongestCommandLine = (int)LoadedKernel.DefaultCommandLineLimit;

    /// <exception cref="MicroVmOptionException">The first value that cannot be used.</exception>
    public static void Validate(MicroVmOptions options)
    {
        CheckFile(nameof(options.KernelPath), options.KernelPath, "a readable bzImage or ELF file");
        if (options.InitrdPath is { } initrd)
            CheckFile(nameof(options.InitrdPath), initrd, "a readable file, or null");
        if (options.CommandLine.Length > LongestCommandLine || options.CommandLine.Any(c => c is < ' ' or > '~'))
        {
            throw new MicroVmOptionException(
                nameof(options.CommandLine), $"{options.CommandLine.Length} characters, or not all of them printable.",
                $"printable ASCII, at most {LongestCommandLine} characters");
        }

        if (options.VcpuCount is < 1 or > MostVcpus)
            throw OutOfRange(nameof(options.VcpuCount), options.VcpuCount, $"1 to {MostVcpus}");
        if (options.MemoryMib is < 2 or > MostMemoryMib || options.MemoryMib % 2 != 0)
            throw OutOfRange(nameof(options.MemoryMib), options.MemoryMib, $"2 to {MostMemoryMib}, a multiple of 2");
        if (!Enum.IsDefined(options.MemoryBacking))
        {
            var names = string.Join(", ", Enum.GetNames<MicroVmMemoryBacking>());
            throw OutOfRange(nameof(options.MemoryBacking), (int)options.MemoryBacking, names);
        }

        if (options.ConsoleOutput is { CanWrite: false })
        {
            throw new MicroVmOptionException(
                nameof(options.ConsoleOutput), "It cannot be written.", "a stream that can be written, or null");
        }

        if (options.NetworkNamespacePath is { } path)
            CheckFile(nameof(options.NetworkNamespacePath), path, "a network namespace, e.g. /run/netns/NAME, or null");
        CheckDevices(options);
    }

    private static void CheckDevices(MicroVmOptions options)
    {
        List<string> devices = [.. VirtioDevices.Of(options, text => text.Length).Select(device => device.Option)];
        if (devices.Count > MachineLayout.MostVirtioDevices)
        {
            throw new MicroVmOptionException(
                devices[^1], $"It is one of {devices.Count} virtio devices.",
                $"at most {MachineLayout.MostVirtioDevices} devices of all kinds");
        }

        CheckUnique(nameof(options.Disks), options.Disks.Where(disk => !disk.ReadOnly).Select(disk => disk.Path));
        CheckUnique(nameof(options.Networks), options.Networks.Select(network => network.TapName));
        CheckUnique(nameof(options.Networks), options.Networks.Select(network => network.MacAddress.ToUpperInvariant()));
        CheckUnique(
            nameof(options.FileSystems),
            options.FileSystems.Select(fs => fs.Tag).Concat(options.VhostUserFileSystems.Select(fs => fs.Tag)));
        if (options.VhostUserFileSystems.Count > 0 && options.MemoryBacking == MicroVmMemoryBacking.Anonymous)
        {
            throw new MicroVmOptionException(
                nameof(options.MemoryBacking),
                $"Other processes, as {nameof(options.VhostUserFileSystems)} need them, cannot map private memory.",
                $"{nameof(MicroVmMemoryBacking.Shared)} or {nameof(MicroVmMemoryBacking.HugePages)}");
        }
    }

    private static void CheckUnique(string option, IEnumerable<string> values)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        if (values.FirstOrDefault(value => !seen.Add(value)) is { } twice)
            throw new MicroVmOptionException(option, $"Two devices have '{twice}'.", "each path, TAP, address and tag once");
    }

    private static MicroVmOptionException OutOfRange(string option, int value, string allowed) =>
        new(option, $"{value} is not possible.", allowed);

    private static void CheckFile(string option, string path, string allowed)
    {
        if (string.IsNullOrEmpty(path) || !File.Exists(path))
            throw new MicroVmOptionException(option, $"'{path}' does not exist.", allowed);
    }
}
