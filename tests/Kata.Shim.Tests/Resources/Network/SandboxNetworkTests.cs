using Kata.Abstractions;
using Kata.Abstractions.Devices;
using Kata.Linux;
using Kata.Linux.Netlink;
using Kata.Protocols.Agent;
using Kata.Shim.Configuration;
using Kata.Shim.Resources;
using Kata.Shim.Resources.Network;
using Kata.Shim.Tests.Resources.Fakes;
using Microsoft.Extensions.Logging.Abstractions;
using Spec = Kata.Protocols.Oci.Spec;

namespace Kata.Shim.Tests.Resources.Network;

/// <summary>In real network namespaces: one for the pod, one for its peer, joined by a veth pair as CNI plugins make it.</summary>
[TestClass]
public sealed class SandboxNetworkTests
{
    private const string Ip = "/usr/sbin/ip";
    private const string Mac = "02:00:00:00:00:07";

    private static int s_last;

    private readonly string _pod = $"kata-test-pod-{Environment.ProcessId}-{Interlocked.Increment(ref s_last)}";
    private readonly string _peer = $"kata-test-peer-{Environment.ProcessId}-{Interlocked.Increment(ref s_last)}";
    private readonly FakeHypervisor _hypervisor = new();
    private readonly ResourceJournal _journal = new(static () => { });

    [TestInitialize]
    public async Task Initialize()
    {
        Host.NeedsRoot();
        Host.Needs(Ip);
        Host.Needs("/dev/net/tun");
        await Host.RunAsync(Ip, "netns", "add", _pod);
        await Host.RunAsync(Ip, "netns", "add", _peer);
        await Host.RunAsync(Ip, "-n", _pod, "link", "add", "eth0", "address", Mac, "mtu", "1450", "type", "veth", "peer", "name", "peer0", "netns", _peer);
        await Host.RunAsync(Ip, "-n", _pod, "link", "set", "eth0", "up");
        await Host.RunAsync(Ip, "-n", _peer, "link", "set", "peer0", "up");
        await Host.RunAsync(Ip, "-n", _pod, "address", "add", "10.9.0.5/24", "dev", "eth0");
        await Host.RunAsync(Ip, "-n", _peer, "address", "add", "10.9.0.1/24", "dev", "peer0");
        await Host.RunAsync(Ip, "-n", _pod, "route", "add", "default", "via", "10.9.0.1");
        await Host.RunAsync(Ip, "-n", _pod, "neigh", "add", "10.9.0.1", "lladdr", "02:00:00:00:00:01", "dev", "eth0", "nud", "permanent");
        _journal.Record(state => state with { Network = new NetworkState { NamespacePath = $"/run/netns/{_pod}" } });
    }

    [TestCleanup]
    public async Task CleanUp()
    {
        foreach (var name in (string[])[_pod, _peer])
        {
            if (File.Exists($"/run/netns/{name}"))
                await Host.RunAsync(Ip, "netns", "delete", name);
        }
    }

    [TestMethod]
    public async Task Connect_Veth_MakesACardWithItsMac()
    {
        var network = New();
        Assert.AreEqual(1, await network.ConnectAsync(_hypervisor, running: false, CancellationToken.None));
        var card = (NetworkDevice)_hypervisor.Devices.Single();
        Assert.AreEqual((Mac, "tap0_kata", 1), (card.MacAddress, card.TapName, card.QueuePairs));
        var tap = InPod(configurator => configurator.ListLinks().Single(link => link.Name == "tap0_kata"));
        Assert.AreEqual(1450u, tap.Mtu);
        Assert.AreNotEqual(Mac, tap.MacAddress);
        Assert.AreEqual("tap0_kata", _journal.State.Network!.Taps.Single());
        Assert.AreEqual("eth0", _journal.State.Network.Redirected.Single());
        Assert.AreEqual(0, await network.ConnectAsync(_hypervisor, running: true, CancellationToken.None), "nothing is new");
    }

    [TestMethod]
    public async Task Connect_PacketsFromThePeer_ArriveAtTheTapAndBack()
    {
        await New().ConnectAsync(_hypervisor, running: false, CancellationToken.None);
        using var queue = Namespaces.RunIn($"/run/netns/{_pod}", NamespaceKinds.Network, () => TapDevice.OpenQueue("tap0_kata", multiQueue: false));
        // A static neighbour: no ARP is needed to send to the pod.
        await Host.RunAsync(Ip, "-n", _peer, "neigh", "add", "10.9.0.5", "lladdr", Mac, "dev", "peer0", "nud", "permanent");
        var marker = Guid.NewGuid().ToByteArray();
        Namespaces.RunIn($"/run/netns/{_peer}", NamespaceKinds.Network, () =>
        {
            using var socket = new System.Net.Sockets.UdpClient();
            return socket.Send(marker, new System.Net.IPEndPoint(System.Net.IPAddress.Parse("10.9.0.5"), 9999));
        });
        var frame = new byte[2048];
        var length = 0;
        await Host.UntilAsync(() => (length = FileDescriptors.Read(queue, frame)) > 0 && frame.AsSpan(0, length).IndexOf(marker) >= 0, "the packet did not arrive");

        // Back: the same frame with addresses exchanged leaves through the tap and arrives in the peer's namespace.
        using var listener = Namespaces.RunIn($"/run/netns/{_peer}", NamespaceKinds.Network, () => new System.Net.Sockets.UdpClient(9998));
        FileDescriptors.Write(queue, Answer(frame.AsSpan(0, length)));
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        var received = await listener.ReceiveAsync(patience.Token);
        CollectionAssert.AreEqual(marker, received.Buffer);
    }

    [TestMethod]
    public async Task Connect_HypervisorRefuses_DisconnectRestoresTheNamespace()
    {
        _hypervisor.NextFailure = new HypervisorException("no slot");
        await Assert.ThrowsExactlyAsync<HypervisorException>(async () => await New().ConnectAsync(_hypervisor, running: false, CancellationToken.None));
        SandboxNetwork.Disconnect(_journal.State.Network!);
        AssertRestored();
        SandboxNetwork.Disconnect(_journal.State.Network!);
    }

    [TestMethod]
    public async Task Disconnect_AfterConnect_RestoresTheNamespace()
    {
        await New().ConnectAsync(_hypervisor, running: false, CancellationToken.None);
        SandboxNetwork.Disconnect(_journal.State.Network!);
        AssertRestored();
    }

    [TestMethod]
    public async Task Disconnect_NamespaceGone_DoesNothing()
    {
        await New().ConnectAsync(_hypervisor, running: false, CancellationToken.None);
        await Host.RunAsync(Ip, "netns", "delete", _pod);
        SandboxNetwork.Disconnect(_journal.State.Network!);
    }

    [TestMethod]
    public void ToMessages_ScannedInterface_HasWhatTheAgentNeeds()
    {
        var pod = InPod(configurator => PodNetworkScan.Run(configurator, [])).Single();
        var @interface = GuestNetwork.ToInterface(pod, "02/01");
        Assert.AreEqual(("eth0", "eth0", 1450UL, Mac, "02/01", "veth", 0u),
            (@interface.Device, @interface.Name, @interface.Mtu, @interface.HwAddr, @interface.DevicePath, @interface.Type, @interface.RawFlags));
        Assert.IsTrue(@interface.IPAddresses.Any(address => address is { Family: IPFamily.V4, Address: "10.9.0.5", Mask: "24" }));
        var route = GuestNetwork.ToRoutes(pod).First(route => route.Family == IPFamily.V4);
        Assert.AreEqual(("", "10.9.0.1", "eth0"), (route.Dest, route.Gateway, route.Device));
        var neighbor = GuestNetwork.ToNeighbors(pod).Single();
        Assert.AreEqual(("10.9.0.1", "02:00:00:00:00:01", 0x80), (neighbor.ToIPAddress.Address, neighbor.Lladdr, neighbor.State));
    }

    [TestMethod]
    public async Task Scan_LinkWithoutAddress_IsLeftAlone()
    {
        await Host.RunAsync(Ip, "-n", _pod, "link", "add", "plain", "type", "veth", "peer", "name", "plain1");
        Assert.AreEqual("eth0", InPod(configurator => PodNetworkScan.Run(configurator, [])).Single().Link.Name);
    }

    [TestMethod]
    public void Choice_Namespaces_AreToldApart()
    {
        var runtime = new RuntimeConfiguration();
        Assert.AreEqual(default, Choose(runtime));
        Assert.AreEqual(new NetworkNamespaceChoice("/r/netns", Make: true), Choose(runtime, ""));
        Assert.AreEqual(new NetworkNamespaceChoice("/r/netns", Make: true), Choose(runtime, "/proc/0/ns/net"));
        Assert.AreEqual(new NetworkNamespaceChoice($"/run/netns/{_pod}", Make: false), Choose(runtime, $"/run/netns/{_pod}"));
        Assert.AreEqual(default, Choose(runtime with { DisableNewNetworkNamespace = true }, "/no/such"));
        StringAssert.Contains(Assert.ThrowsExactly<KataException>(() => Choose(runtime, "/proc/self/ns/net")).Message, "is the host's");
        StringAssert.Contains(Assert.ThrowsExactly<KataException>(() => Choose(runtime, "/no/such")).Message, "does not exist");
    }

    private static NetworkNamespaceChoice Choose(RuntimeConfiguration runtime, string? path = null) => NetworkNamespaceChoice.Of(
        new Spec { Linux = new() { Namespaces = path is null ? [] : [new() { Type = "network", Path = path }] } }, runtime, "/r", NullLogger.Instance);

    /// <summary>An answer to a UDP frame behind a virtio-net header: MAC, IP and port pairs exchanged, to port 9998, without checksum.</summary>
    private static byte[] Answer(ReadOnlySpan<byte> frame)
    {
        const int Header = 10, Ethernet = 14, IpHeader = 20;
        var answer = frame.ToArray();
        answer.AsSpan(0, Header).Clear();
        frame.Slice(Header, 6).CopyTo(answer.AsSpan(Header + 6));
        frame.Slice(Header + 6, 6).CopyTo(answer.AsSpan(Header));
        frame.Slice(Header + Ethernet + 12, 4).CopyTo(answer.AsSpan(Header + Ethernet + 16));
        frame.Slice(Header + Ethernet + 16, 4).CopyTo(answer.AsSpan(Header + Ethernet + 12));
        var udp = answer.AsSpan(Header + Ethernet + IpHeader);
        System.Buffers.Binary.BinaryPrimitives.WriteUInt16BigEndian(udp[2..], 9998);
        udp.Slice(6, 2).Clear();
        return answer;
    }

    private SandboxNetwork New() => new($"/run/netns/{_pod}", 1, _journal, NullLogger.Instance);

    private T InPod<T>(Func<NetworkConfigurator, T> action) => Namespaces.RunIn($"/run/netns/{_pod}", NamespaceKinds.Network, () =>
    {
        using var configurator = new NetworkConfigurator();
        return action(configurator);
    });

    private void AssertRestored()
    {
        var eth0 = InPod(configurator => configurator.ListLinks().Single(link => link.Name == "eth0"));
        Assert.IsFalse(InPod(configurator => configurator.ListLinks().Any(link => link.Name.StartsWith("tap", StringComparison.Ordinal))));
        Assert.IsFalse(InPod(configurator => configurator.RemoveIngress(eth0.Index)), "the ingress qdisc is still there");
    }
}
