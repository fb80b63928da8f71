using Kata.Abstractions.Configuration;
using Kata.Hypervisors.External.Qemu.Devices;

namespace Kata.Hypervisors.External.Qemu.CommandLine;

/// <summary>Everything the command line is made of.</summary>
internal sealed record QemuLaunch
{
    public required string SandboxId { get; init; }

    public required HypervisorConfiguration Configuration { get; init; }

    public required QemuMachine Machine { get; init; }

    public required Accelerator Accelerator { get; init; }

    /// <summary>The host's TSC frequency, when known.</summary>
    public long? TscKilohertz { get; init; }

    public required PciSlots Slots { get; init; }

    public required VsockChannel Vsock { get; init; }

    /// <summary>Devices present at boot, in the order they were added.</summary>
    public IReadOnlyList<QemuDevice> Devices { get; init; } = [];

    /// <summary>Another process reads the guest's memory.</summary>
    public bool SharedMemory => Configuration.SharedMemory || Vsock.NeedsSharedMemory || Devices.Any(device => device.NeedsSharedMemory);
}
