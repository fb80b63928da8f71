using System.Globalization;
using System.Text.Json.Nodes;
using Kata.Abstractions;
using Kata.Abstractions.Devices;
using Kata.Hypervisors.External.Qemu.CommandLine;
using Kata.Hypervisors.External.Qemu.Qmp;
using Kata.Linux;
using Microsoft.Win32.SafeHandles;

namespace Kata.Hypervisors.External.Qemu.Devices;

/// <summary>A virtio network card on a TAP device, whose queues this process opens inside the sandbox's network namespace.</summary>
internal sealed class QemuNetworkDevice : QemuDevice
{
    private const string VhostNet = "/dev/vhost-net";

    private readonly NetworkDevice _device;
    private readonly int _number;
    private readonly string? _namespacePath;
    private readonly bool _useVhost;

    /// <param name="device">The card.</param>
    /// <param name="slot">Where it goes.</param>
    /// <param name="number">Unique within the VM: names the host's side.</param>
    /// <param name="namespacePath">Where the TAP device is; null for this process's own network namespace.</param>
    /// <param name="useVhost">Let the host's kernel move the packets, if it can.</param>
    public QemuNetworkDevice(NetworkDevice device, PciSlot slot, int number, string? namespacePath, bool useVhost)
        : base(device, slot)
    {
        _device = device;
        _number = number;
        _namespacePath = namespacePath;
        _useVhost = useVhost && File.Exists(VhostNet);
    }

    private string Backend => string.Create(CultureInfo.InvariantCulture, $"net{_number}");

    public override void AddTo(QemuArguments arguments)
    {
        var queues = OpenQueues();
        var vhosts = OpenVhosts();
        arguments.Add("-netdev", Tap([.. queues.Select(arguments.AddDescriptor)], [.. vhosts.Select(arguments.AddDescriptor)]));
        arguments.Add("-device", Card());
    }

    public override async Task PlugAsync(QmpClient qmp, Undo undo, CancellationToken cancellationToken)
    {
        var names = await PassAsync(qmp, undo, "tap", OpenQueues(), cancellationToken);
        var vhostNames = await PassAsync(qmp, undo, "vhost", OpenVhosts(), cancellationToken);
        await qmp.ExecuteAsync("netdev_add", Tap(names, vhostNames), cancellationToken: cancellationToken);
        undo.Push("netdev_del", () => qmp.ExecuteAsync("netdev_del", new JsonObject { ["id"] = Backend }));
        await qmp.ExecuteAsync("device_add", Card(), cancellationToken: cancellationToken);
    }

    public override async Task UnplugAsync(QmpClient qmp, TimeProvider time, CancellationToken cancellationToken)
    {
        await RemoveFrontendAsync(qmp, time, cancellationToken);
        await qmp.ExecuteAsync("netdev_del", new JsonObject { ["id"] = Backend }, cancellationToken: cancellationToken);
    }

    private JsonObject Tap(List<string> queues, List<string> vhosts)
    {
        var tap = new JsonObject { ["type"] = "tap", ["id"] = Backend, ["fds"] = string.Join(':', queues) };
        if (vhosts.Count > 0)
        {
            tap["vhost"] = true;
            tap["vhostfds"] = string.Join(':', vhosts);
        }

        return tap;
    }

    private JsonObject Card()
    {
        var card = Frontend("virtio-net-pci");
        card["netdev"] = Backend;
        card["mac"] = _device.MacAddress;
        card["disable-legacy"] = "on";
        // Nobody boots from the network, and the ROM is another Debian package.
        card["romfile"] = "";
        if (_device.QueuePairs > 1)
        {
            card["mq"] = true;
            // An interrupt for each queue, one for control and one for changes of the configuration.
            card["vectors"] = (2 * _device.QueuePairs) + 2;
        }

        return card;
    }

    private async Task<List<string>> PassAsync(
        QmpClient qmp, Undo undo, string kind, List<SafeFileHandle> descriptors, CancellationToken cancellationToken)
    {
        var names = new List<string>();
        try
        {
            foreach (var descriptor in descriptors)
            {
                var name = string.Create(CultureInfo.InvariantCulture, $"{kind}{_number}-{names.Count}");
                await qmp.ExecuteAsync("getfd", new JsonObject { ["fdname"] = name }, [descriptor], cancellationToken);
                // Once a netdev has taken it, the name is gone and closing it fails; that is fine.
                undo.Push("closefd", () => CloseAsync(qmp, name));
                names.Add(name);
            }
        }
        finally
        {
            descriptors.ForEach(descriptor => descriptor.Dispose());
        }

        return names;
    }

    private static async Task CloseAsync(QmpClient qmp, string name)
    {
        try
        {
            await qmp.ExecuteAsync("closefd", new JsonObject { ["fdname"] = name });
        }
        catch (QmpException)
        {
            // A netdev had taken it.
        }
    }

    private List<SafeFileHandle> OpenQueues()
    {
        try
        {
            return _namespacePath is null ? Open() : Namespaces.RunIn(_namespacePath, NamespaceKinds.Network, Open);
        }
        catch (LinuxException exception)
        {
            throw new HypervisorException($"TAP device {_device.TapName} cannot be opened: {exception.Message}", exception);
        }

        List<SafeFileHandle> Open() =>
            OpenAll(_device.QueuePairs, () => TapDevice.OpenExistingQueue(_device.TapName, _device.QueuePairs > 1));
    }

    private List<SafeFileHandle> OpenVhosts()
    {
        try
        {
            return _useVhost ? OpenAll(_device.QueuePairs, () => FileDescriptors.Open(VhostNet, OpenFlags.ReadWrite)) : [];
        }
        catch (LinuxException exception)
        {
            throw new HypervisorException($"{exception.Message}; make it accessible or set disable_vhost_net.", exception);
        }
    }

    private static List<SafeFileHandle> OpenAll(int count, Func<SafeFileHandle> open)
    {
        var opened = new List<SafeFileHandle>();
        try
        {
            while (opened.Count < count)
                opened.Add(open());
            return opened;
        }
        catch
        {
            opened.ForEach(descriptor => descriptor.Dispose());
            throw;
        }
    }
}
