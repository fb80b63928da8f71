using System.Globalization;
using Kata.Abstractions;
using Kata.Abstractions.Devices;
using Kata.Linux;
using Kata.Linux.Netlink;
using Kata.Protocols.Agent;
using Kata.Shim.Agent;
using Microsoft.Extensions.Logging;

namespace Kata.Shim.Resources.Network;

/// <summary>
/// Connects the interfaces of the pod's network namespace with cards of the VM: for each a TAP device, and traffic control rules that
/// send what comes in at one out of the other.
/// </summary>
internal sealed class SandboxNetwork(string namespacePath, int queues, ResourceJournal journal, ILogger logger)
{
    private const int ConfigureAttempts = 10;

    private static readonly TimeSpan ConfigurePause = TimeSpan.FromMilliseconds(100);

    private readonly List<(PodInterface Interface, string DevicePath)> _connected = [];
    private int _configured;

    /// <summary>Connects the interfaces that are not connected yet. May be called again after something added more.</summary>
    /// <param name="hypervisor">Gets a card per interface.</param>
    /// <param name="running">The VM runs: the cards are hot-plugged.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>How many were new.</returns>
    public async ValueTask<int> ConnectAsync(IHypervisor hypervisor, bool running, CancellationToken cancellationToken)
    {
        var known = _connected.Select(entry => entry.Interface.Link.Name).ToList();
        var found = InNamespace(network => PodNetworkScan.Run(network, known));
        if (found.Count == 0)
            return 0;
        journal.Record(state => state with
        {
            Network = state.Network! with
            {
                Taps = [.. state.Network.Taps, .. found.Select(pod => pod.TapName)],
                Redirected = [.. state.Network.Redirected, .. found.Select(pod => pod.Link.Name)],
            },
        });
        InNamespace(network =>
        {
            foreach (var pod in found)
                Redirect(network, pod);
            return 0;
        });
        foreach (var pod in found)
        {
            var attached = await hypervisor.AddDeviceAsync(
                new NetworkDevice
                {
                    Id = string.Create(CultureInfo.InvariantCulture, $"net{_connected.Count}"),
                    TapName = pod.TapName,
                    MacAddress = pod.Link.MacAddress,
                    QueuePairs = queues,
                },
                cancellationToken).ConfigureAwait(false);
            // The agent would wait for the arrival of a card that has been there since boot.
            _connected.Add((pod, running && attached.Address is PciAddress pci ? pci.Path : ""));
            ResourcesLog.Connected(logger, pod.Link.Name, pod.Addresses.Count, pod.TapName);
        }

        return found.Count;
    }

    /// <summary>Tells the guest about the interfaces it does not know yet.</summary>
    public async ValueTask ConfigureGuestAsync(AgentClient agent, CancellationToken cancellationToken)
    {
        var pending = _connected.Skip(_configured).ToList();
        if (pending.Count == 0)
            return;
        foreach (var (pod, devicePath) in pending)
            await ConfigureInterfaceAsync(agent, GuestNetwork.ToInterface(pod, devicePath), cancellationToken).ConfigureAwait(false);
        var neighbors = new ARPNeighbors();
        neighbors.ARPNeighbors_.AddRange(pending.SelectMany(entry => GuestNetwork.ToNeighbors(entry.Interface)));
        if (neighbors.ARPNeighbors_.Count > 0)
            await agent.AddArpNeighborsAsync(new AddARPNeighborsRequest { Neighbors = neighbors }, cancellationToken).ConfigureAwait(false);
        var routes = new Routes();
        routes.Routes_.AddRange(pending.SelectMany(entry => GuestNetwork.ToRoutes(entry.Interface)));
        if (routes.Routes_.Count > 0)
            await agent.UpdateRoutesAsync(new UpdateRoutesRequest { Routes = routes }, cancellationToken).ConfigureAwait(false);
        _configured = _connected.Count;
    }

    /// <summary>Takes the TAP devices and rules of a state away. Does nothing when the namespace is gone.</summary>
    public static void Disconnect(NetworkState state)
    {
        if (!File.Exists(state.NamespacePath) || (state.Taps.Count == 0 && state.Redirected.Count == 0))
            return;
        Namespaces.RunIn(state.NamespacePath, NamespaceKinds.Network, () =>
        {
            using var network = new NetworkConfigurator();
            foreach (var link in network.ListLinks().Where(link => state.Redirected.Contains(link.Name)))
                network.RemoveIngress(link.Index);
            foreach (var tap in state.Taps)
                network.DeleteLink(tap);
            return 0;
        });
    }

    private void Redirect(NetworkConfigurator network, PodInterface pod)
    {
        PersistentTap.Create(pod.TapName, multiQueue: queues > 1);
        var tap = network.ListLinks().First(link => link.Name == pod.TapName).Index;
        network.BringUp(tap, pod.Link.Mtu);
        network.AddIngress(tap);
        network.AddIngress(pod.Link.Index);
        network.RedirectAll(tap, pod.Link.Index);
        network.RedirectAll(pod.Link.Index, tap);
    }

    /// <summary>A card that was just plugged in takes the guest's driver a moment.</summary>
    private static async ValueTask ConfigureInterfaceAsync(AgentClient agent, Interface @interface, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await agent.UpdateInterfaceAsync(new UpdateInterfaceRequest { Interface = @interface }, cancellationToken).ConfigureAwait(false);
                return;
            }
            catch (AgentException exception) when (attempt < ConfigureAttempts && !exception.IsConnectionLost)
            {
                await Task.Delay(ConfigurePause, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private T InNamespace<T>(Func<NetworkConfigurator, T> action)
    {
        try
        {
            return Namespaces.RunIn(namespacePath, NamespaceKinds.Network, () =>
            {
                using var network = new NetworkConfigurator();
                return action(network);
            });
        }
        catch (LinuxException exception)
        {
            throw new KataException(
                KataErrorKind.Internal, $"The network of the sandbox (namespace {namespacePath}) cannot be connected: {exception.Message}", exception);
        }
    }
}
