using Kata.Abstractions;
using Kata.Abstractions.Devices;

namespace Kata.Shim.Tests.Resources.Fakes;

/// <summary>A VM that only remembers its devices.</summary>
internal sealed class FakeHypervisor : IHypervisor
{
    private readonly TaskCompletionSource<VmExit> _exited = new();

    public List<Device> Devices { get; } = [];

    /// <summary>Thrown by the next call that adds a device.</summary>
    public Exception? NextFailure { get; set; }

    /// <summary>Where the guest finds devices.</summary>
    public GuestAddress Address { get; set; } = new PciAddress("02/01");

    public Task<VmExit> Exited => _exited.Task;

    public GuestEndpoint GuestEndpoint => new VsockGuestEndpoint(3);

    public HypervisorState State => new() { Provider = "fake" };

    public void End() => _exited.TrySetResult(new VmExit(VmExitReason.Stopped, 0));

    public ValueTask PrepareAsync(CancellationToken cancellationToken) => ValueTask.CompletedTask;

    public ValueTask StartAsync(CancellationToken cancellationToken) => ValueTask.CompletedTask;

    public ValueTask StopAsync(TimeSpan grace, CancellationToken cancellationToken) => ValueTask.CompletedTask;

    public ValueTask<AttachedDevice> AddDeviceAsync(Device device, CancellationToken cancellationToken)
    {
        if (NextFailure is { } failure)
        {
            NextFailure = null;
            throw failure;
        }

        Devices.Add(device);
        return ValueTask.FromResult(new AttachedDevice(device, Address));
    }

    public ValueTask RemoveDeviceAsync(string deviceId, CancellationToken cancellationToken)
    {
        Devices.RemoveAll(device => device.Id == deviceId);
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
