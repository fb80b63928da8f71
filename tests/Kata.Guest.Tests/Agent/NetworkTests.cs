using System.Net;
using Kata.Guest.Agent;
using Kata.Guest.Agent.Network;
using Kata.Protocols.Agent;
using IPAddress = System.Net.IPAddress;

namespace Kata.Guest.Tests.Agent;

[TestClass]
public sealed class NetworkTests
{
    [TestMethod]
    [DataRow("10.0.0.2", "24", 24)]
    [DataRow("10.0.0.2", "255.255.255.0", 24)]
    [DataRow("10.0.0.2", "", 32)]
    [DataRow("fd00::2", "64", 64)]
    [DataRow("fd00::2", "", 128)]
    public void ParseOne_Address_HasPrefix(string address, string mask, int prefix)
    {
        var parsed = InterfaceAddresses.ParseOne(new() { Address = address, Mask = mask });
        Assert.AreEqual((IPAddress.Parse(address), prefix), parsed);
    }

    [TestMethod]
    [DataRow("", "24")]
    [DataRow("10.0.0.256", "24")]
    [DataRow("10.0.0.2", "33")]
    [DataRow("10.0.0.2", "-1")]
    [DataRow("fd00::2", "255.255.0.0")]
    public void ParseOne_NoAddress_IsRefused(string address, string mask) =>
        Assert.ThrowsExactly<AgentException>(() => InterfaceAddresses.ParseOne(new() { Address = address, Mask = mask }));

    [TestMethod]
    public void Parse_NoIPv6InTheGuest_LeavesThoseAddressesOut()
    {
        var addresses = new Kata.Protocols.Agent.IPAddress[] { new() { Address = "10.0.0.2", Mask = "24" }, new() { Address = "fd00::2", Mask = "64" } };
        Assert.HasCount(1, InterfaceAddresses.Parse(addresses, hasIPv6: false));
        Assert.HasCount(2, InterfaceAddresses.Parse(addresses, hasIPv6: true));
    }

    [TestMethod]
    public void FromAgent_DefaultRoute_HasGatewayAndNoDestination()
    {
        var route = RouteConversion.FromAgent(new Route { Dest = "0.0.0.0/0", Gateway = "10.0.0.1", Device = "eth0", Mtu = 1400 }, 2);
        Assert.IsNull(route.Destination);
        Assert.AreEqual(IPAddress.Parse("10.0.0.1"), route.Gateway);
        Assert.AreEqual((2, 1400u), (route.LinkIndex, route.Mtu));
        Assert.IsNull(RouteConversion.FromAgent(new Route { Gateway = "10.0.0.1" }, 2).Destination);
    }

    [TestMethod]
    public void FromAgent_NetworkAndHost_HavePrefixes()
    {
        Assert.AreEqual(16, RouteConversion.FromAgent(new Route { Dest = "10.1.0.0/16", Scope = 253 }, 2).PrefixLength);
        Assert.AreEqual(32, RouteConversion.FromAgent(new Route { Dest = "10.1.0.1" }, 2).PrefixLength);
        Assert.ThrowsExactly<AgentException>(() => RouteConversion.FromAgent(new Route { Dest = "10.1.0.0/33" }, 2));
        Assert.ThrowsExactly<AgentException>(() => RouteConversion.FromAgent(new Route { Gateway = "gw" }, 2));
    }

    [TestMethod]
    public void ToAgent_Route_RoundTrips()
    {
        var route = new Route { Dest = "10.1.0.0/16", Gateway = "10.0.0.1", Device = "eth0", Scope = 253, Flags = 4, Mtu = 1400 };
        Assert.AreEqual(route, RouteConversion.ToAgent(RouteConversion.FromAgent(route, 2), "eth0"));
    }
}
