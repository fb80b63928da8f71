using System.Net;
using Kata.Linux.Netlink;
using Kata.Linux.Tests.Support;

namespace Kata.Linux.Tests.Netlink;

/// <summary>Against the kernel, each test in a network namespace of its own.</summary>
[TestClass]
public sealed class NetworkConfiguratorTests
{
    [TestMethod]
    public void ListLinks_FreshNamespace_HasLoopbackOnly() => InNewNamespace(network =>
    {
        var link = network.ListLinks().Single();
        Assert.AreEqual("lo", link.Name);
        Assert.AreNotEqual(0u, link.Flags & NetworkLink.Loopback);
    });

    [TestMethod]
    public void BringUp_Tap_IsUpWithMtu() => InNewNamespace(network =>
    {
        PersistentTap.Create("tap0_kata", multiQueue: false);
        var tap = network.ListLinks().Single(link => link.Name == "tap0_kata");
        Assert.AreEqual("tun", tap.Kind);
        Assert.AreEqual(17, tap.MacAddress.Length);
        network.BringUp(tap.Index, 1400);
        tap = network.ListLinks().Single(link => link.Name == "tap0_kata");
        Assert.AreEqual(1400u, tap.Mtu);
        Assert.AreNotEqual(0u, tap.Flags & NetworkLink.Up);
    });

    [TestMethod]
    public void DeleteLink_TapThenNothing_TrueThenFalse() => InNewNamespace(network =>
    {
        PersistentTap.Create("tap0_kata", multiQueue: true);
        Assert.IsTrue(network.DeleteLink("tap0_kata"));
        Assert.IsFalse(network.DeleteLink("tap0_kata"));
        Assert.HasCount(1, network.ListLinks());
    });

    [TestMethod]
    public void RedirectAll_TwoTaps_IngressCanBeRemovedOnce() => InNewNamespace(network =>
    {
        PersistentTap.Create("a", multiQueue: false);
        PersistentTap.Create("b", multiQueue: false);
        var a = network.ListLinks().Single(link => link.Name == "a").Index;
        var b = network.ListLinks().Single(link => link.Name == "b").Index;
        network.AddIngress(a);
        network.RedirectAll(a, b);
        var again = Assert.ThrowsExactly<LinuxException>(() => network.AddIngress(a));
        Assert.AreEqual(Errno.EEXIST, again.Errno);
        Assert.IsTrue(network.RemoveIngress(a));
        Assert.IsFalse(network.RemoveIngress(a));
    });

    [TestMethod]
    public void RedirectAll_WithoutIngress_Throws() => InNewNamespace(network =>
        Assert.ThrowsExactly<LinuxException>(() => network.RedirectAll(1, 1)));

    [TestMethod]
    public void Lists_ConfiguredByIpTool_MatchIt()
    {
        if (!File.Exists("/usr/sbin/ip") && !File.Exists("/sbin/ip"))
            Assert.Inconclusive("needs ip (iproute2)");
        InNewNamespace(network =>
        {
            Ip("link add eth0 type veth peer name peer0");
            Ip("link set eth0 address 02:00:00:00:00:07 mtu 1450 up");
            Ip("link set peer0 up");
            Ip("address add 10.9.0.5/24 dev eth0");
            Ip("address add fd00::5/64 dev eth0 nodad");
            Ip("route add default via 10.9.0.1 dev eth0 mtu 1300");
            Ip("route add 192.168.77.0/24 via 10.9.0.2 src 10.9.0.5");
            Ip("neigh add 10.9.0.1 lladdr 02:00:00:00:00:01 dev eth0 nud permanent");

            var link = network.ListLinks().Single(link => link.Name == "eth0");
            Assert.AreEqual("veth", link.Kind);
            Assert.AreEqual("02:00:00:00:00:07", link.MacAddress);
            Assert.AreEqual(1450u, link.Mtu);
            var addresses = network.ListAddresses().Where(address => address.LinkIndex == link.Index).ToList();
            Assert.IsTrue(addresses.Exists(address => address.Address.Equals(IPAddress.Parse("10.9.0.5")) && address.PrefixLength == 24));
            Assert.IsTrue(addresses.Exists(address => address.Address.Equals(IPAddress.Parse("fd00::5")) && address.PrefixLength == 64));
            var routes = network.ListRoutes().Where(route => route.LinkIndex == link.Index && !route.IsIPv6).ToList();
            var fallback = routes.Single(route => route.Destination is null);
            Assert.AreEqual(IPAddress.Parse("10.9.0.1"), fallback.Gateway);
            Assert.AreEqual(1300u, fallback.Mtu);
            var specific = routes.Single(route => IPAddress.Parse("192.168.77.0").Equals(route.Destination));
            Assert.AreEqual(IPAddress.Parse("10.9.0.5"), specific.Source);
            Assert.IsTrue(routes.Exists(route => route.Protocol == NetworkRoute.KernelProtocol && route.PrefixLength == 24));
            var neighbor = network.ListNeighbors().Single(neighbor => neighbor.State == NetworkNeighbor.Permanent && neighbor.LinkIndex == link.Index && neighbor.Address.Equals(IPAddress.Parse("10.9.0.1")));
            Assert.AreEqual("02:00:00:00:00:01", neighbor.MacAddress);
        });
    }

    private static void InNewNamespace(Action<NetworkConfigurator> test) => NetworkSandbox.Run(() =>
    {
        using var network = new NetworkConfigurator();
        test(network);
    });

    private static void Ip(string arguments)
    {
        var path = File.Exists("/usr/sbin/ip") ? "/usr/sbin/ip" : "/sbin/ip";
        // The child lives in the calling thread's namespace.
        using var child = ChildProcess.Start(new ChildProcessOptions { Path = path, Arguments = arguments.Split(' ') });
        Assert.AreEqual(0, child.Exited.GetAwaiter().GetResult().ShellCode, $"ip {arguments}");
    }
}
