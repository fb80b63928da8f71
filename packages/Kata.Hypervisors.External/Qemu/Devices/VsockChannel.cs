using System.Text.Json.Nodes;
using Kata.Abstractions;
using Kata.Hypervisors.External.Qemu.CommandLine;

namespace Kata.Hypervisors.External.Qemu.Devices;

/// <summary>The vsock device that the agent is reached through.</summary>
internal abstract class VsockChannel : IAsyncDisposable
{
    /// <summary>How the host reaches the guest's ports.</summary>
    public abstract GuestEndpoint Endpoint { get; }

    /// <summary>The host side of it reads the guest's memory from another process.</summary>
    public abstract bool NeedsSharedMemory { get; }

    /// <summary>Adds it to the command line.</summary>
    public abstract void AddTo(QemuArguments arguments, PciSlot slot);

    public abstract ValueTask DisposeAsync();

    protected static JsonObject Frontend(string driver, PciSlot slot) => new()
    {
        ["driver"] = driver,
        ["id"] = "vsock",
        ["bus"] = slot.Bus,
        ["addr"] = slot.Address,
    };
}
