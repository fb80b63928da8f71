using Kata.Abstractions.Devices;

namespace Kata.Abstractions;

/// <summary>
/// One virtual machine. Life cycle: <see cref="PrepareAsync"/> → <see cref="AddDeviceAsync"/> (cold plug) → <see cref="StartAsync"/> →
/// run → <see cref="StopAsync"/> → <see cref="IAsyncDisposable.DisposeAsync"/>, which removes every trace from the host.
/// Abilities beyond this are separate interfaces in <c>Kata.Abstractions.Capabilities</c>, found with <c>is</c>.
/// The runtime calls one member at a time, except <see cref="StopAsync"/> and disposal, which may come at any moment.
/// </summary>
public interface IHypervisor : IAsyncDisposable
{
    /// <summary>Takes the host resources needed before boot: directories, sockets, descriptors.</summary>
    /// <exception cref="HypervisorException">The host lacks something; nothing is left half-made.</exception>
    ValueTask PrepareAsync(CancellationToken cancellationToken);

    /// <summary>Boots the VM with all devices added so far. Returns when the guest runs, not when its agent answers.</summary>
    /// <exception cref="HypervisorException">The VMM did not start; its own last words are in the message.</exception>
    ValueTask StartAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Stops the VM: the VMM may put its own things in order within <paramref name="grace"/>, then it is killed. Does nothing when it does not
    /// run. The guest's part of an orderly end is the agent's, before this.
    /// </summary>
    ValueTask StopAsync(TimeSpan grace, CancellationToken cancellationToken);

    /// <summary>
    /// Adds a device: before <see cref="StartAsync"/> it is there at boot, afterwards it is hot-plugged. The answer says where the guest finds it.
    /// </summary>
    /// <exception cref="NotSupportedByHypervisorException">This kind of device cannot be added now.</exception>
    ValueTask<AttachedDevice> AddDeviceAsync(Device device, CancellationToken cancellationToken);

    /// <summary>Hot-unplugs a device by its <see cref="Device.Id"/> and waits until the guest has let go. Does nothing when there is none.</summary>
    /// <exception cref="NotSupportedByHypervisorException">The device was there at boot, or nothing can be unplugged.</exception>
    /// <exception cref="HypervisorException">The guest did not let go; the device is still there.</exception>
    ValueTask RemoveDeviceAsync(string deviceId, CancellationToken cancellationToken);

    /// <summary>Completes when the VM is gone, whatever ended it. Never faults.</summary>
    Task<VmExit> Exited { get; }

    /// <summary>How to reach ports of the guest. Valid after <see cref="StartAsync"/>.</summary>
    GuestEndpoint GuestEndpoint { get; }

    /// <summary>What to persist so that <see cref="IHypervisorProvider.CleanUpAsync"/> can do its work, and the processes of the VM. Cheap.</summary>
    HypervisorState State { get; }
}
