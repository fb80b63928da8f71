using Kata.Abstractions;
using Kata.Hypervisors.External.Qemu.CommandLine;
using Kata.Hypervisors.External.Qemu.Devices;

namespace Kata.Hypervisors.External.Tests.Support;

/// <summary>A vsock device that appears on the command line and nowhere else.</summary>
internal sealed class FakeVsock(bool needsSharedMemory) : VsockChannel
{
    public override GuestEndpoint Endpoint => new VsockGuestEndpoint(3);

    public override bool NeedsSharedMemory => needsSharedMemory;

    public override void AddTo(QemuArguments arguments, PciSlot slot) => arguments.Add("-device", Frontend("fake-vsock", slot));

    public override ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
