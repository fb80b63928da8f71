using System.Text.Json.Nodes;
using Kata.Abstractions;
using Kata.Hypervisors.External.Qemu.Qmp;

namespace Kata.Hypervisors.External.Qemu.Devices;

/// <summary>Takes a device away from a running guest, which has to agree.</summary>
internal static class DeviceRemoval
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);

    /// <summary>Asks for the device and waits until QEMU says that it is gone.</summary>
    /// <param name="qmp">The monitor.</param>
    /// <param name="id">QEMU's id of the device.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    /// <exception cref="HypervisorException">The guest did not let go in time.</exception>
    public static async Task RunAsync(QmpClient qmp, string id, TimeProvider time, CancellationToken cancellationToken)
    {
        // Parts of a device have events of their own, which carry a path but no id.
        var deleted = qmp.NextEventAsync(@event => @event.Name == "DEVICE_DELETED" && @event.Text("device") == id);
        await qmp.ExecuteAsync("device_del", new JsonObject { ["id"] = id }, cancellationToken: cancellationToken);
        try
        {
            await deleted.WaitAsync(Timeout, time, cancellationToken);
        }
        catch (TimeoutException exception)
        {
            throw new HypervisorException($"The guest did not let go of {id} within {Timeout.TotalSeconds} s.", exception, KataErrorKind.Timeout);
        }
    }
}
