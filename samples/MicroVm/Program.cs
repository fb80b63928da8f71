using System.Globalization;
using Kata.Vmm.Dragonball;

if (args.Length < 2)
{
    Console.Error.WriteLine("Usage: microvm KERNEL INITRD [VCPUS [MEMORY_MIB [KERNEL_PARAMETER...]]]");
    return 2;
}

foreach (var finding in MicroVm.CheckHost().Where(finding => !finding.IsFatal))
    Console.Error.WriteLine($"microvm: {finding.Problem}");
try
{
    await using var vm = MicroVm.Create(new MicroVmOptions
    {
        KernelPath = args[0],
        InitrdPath = args[1],
        VcpuCount = args.Length > 2 ? int.Parse(args[2], CultureInfo.InvariantCulture) : 1,
        MemoryMib = args.Length > 3 ? int.Parse(args[3], CultureInfo.InvariantCulture) : 256,
        CommandLine = string.Join(' ', ["console=ttyS0", "reboot=a", "panic=-1", "pci=off", .. args.Skip(4)]),
        ConsoleOutput = Console.OpenStandardOutput(),
    });
    Console.CancelKeyPress += (_, key) => (key.Cancel, _) = (true, vm.StopAsync(TimeSpan.FromSeconds(1)));
    await vm.StartAsync();
    var exit = await vm.Exited;
    Console.Error.WriteLine($"{exit.Reason}: {exit.Detail} {vm.Timeline}");
    return exit.Reason == MicroVmExitReason.GuestShutdown ? 0 : 1;
}
catch (MicroVmException error)
{
    Console.Error.WriteLine($"microvm: {error.Message}");
    return 1;
}
