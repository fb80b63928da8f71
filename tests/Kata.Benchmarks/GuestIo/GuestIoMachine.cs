using System.Globalization;
using Kata.Vmm.Dragonball;

namespace Kata.Benchmarks.GuestIo;

/// <summary>A process that runs one microVM with a disk, a vsock and a network card.</summary>
internal static class GuestIoMachine
{
    public static Verb Verb { get; } = new(
        "guest-io-vm",
        "DISK VSOCK TAP KERNEL INITRD VCPUS MEMORY_MIB [KERNEL_PARAMETER...]: the microVM of guest-io",
        RunAsync);

    private static async Task<int> RunAsync(string[] args)
    {
        File.Delete(args[1]);
        await using var vm = MicroVm.Create(new MicroVmOptions
        {
            Disks = [new() { Path = args[0] }],
            Vsock = new() { HybridSocketPath = args[1], GuestCid = GuestIoComparison.GuestCid },
            Networks = [new() { TapName = args[2], MacAddress = GuestIoComparison.MacAddress }],
            KernelPath = args[3],
            InitrdPath = args[4],
            VcpuCount = int.Parse(args[5], CultureInfo.InvariantCulture),
            MemoryMib = int.Parse(args[6], CultureInfo.InvariantCulture),
            CommandLine = string.Join(' ', ["console=ttyS0", "reboot=a", "panic=-1", "pci=off", .. args[7..]]),
            ConsoleOutput = Console.OpenStandardOutput(),
        });
        await vm.StartAsync();
        var exit = await vm.Exited;
        Console.Error.WriteLine($"{exit.Reason}: {exit.Detail}");
        return exit.Reason == MicroVmExitReason.GuestShutdown ? 0 : 1;
    }
}
