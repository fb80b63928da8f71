using Kata.Guest.Agent;
using Kata.Guest.Agent.Containers;
using Kata.Guest.Agent.Devices;
using Kata.Protocols.Oci;

namespace Kata.Guest.Tests.Agent;

[TestClass]
public sealed class GuestSpecTests
{
    private static readonly GuestNamespaces Pod = new("/proc/1/fd/3", "/proc/1/fd/4", null);

    [TestMethod]
    public void Adapt_HostsNamespaces_BecomeTheGuests()
    {
        var spec = Minimal() with
        {
            Hostname = "pod",
            Linux = new LinuxConfiguration
            {
                Namespaces =
                [
                    new() { Type = "ipc", Path = "/proc/99/ns/ipc" }, new() { Type = "uts" }, new() { Type = "network", Path = "/run/netns/x" },
                    new() { Type = "cgroup" }, new() { Type = "mount" }, new() { Type = "time" },
                ],
            },
        };

        var adapted = GuestSpec.Adapt(spec, "c1", Pod);

        CollectionAssert.AreEquivalent(
            new[] { ("mount", null), ("pid", null), ("ipc", "/proc/1/fd/3"), ("uts", "/proc/1/fd/4"), ("cgroup", (string?)null) },
            adapted.Linux!.Namespaces!.Select(n => (n.Type!, n.Path)).ToArray());
        Assert.AreEqual("pod", adapted.Hostname);
        Assert.AreEqual("/kata/c1", adapted.Linux.CgroupsPath);
    }

    [TestMethod]
    public void Adapt_SharedPidNamespace_IsJoined()
    {
        var adapted = GuestSpec.Adapt(Minimal(), "c1", Pod with { PidPath = "/proc/42/ns/pid" });
        Assert.AreEqual("/proc/42/ns/pid", adapted.Linux!.Namespaces!.Single(n => n.Type == "pid").Path);
    }

    [TestMethod]
    public void Adapt_NoUtsNamespace_LeavesTheHostNameAlone() =>
        Assert.IsNull(GuestSpec.Adapt(Minimal() with { Hostname = "pod" }, "c1", Pod).Hostname);

    [TestMethod]
    public void Adapt_Devices_DeniesAllButThoseGiven()
    {
        var spec = Minimal() with
        {
            Linux = new LinuxConfiguration { Devices = [new() { Path = "/dev/fuse", Type = "c", Major = 10, Minor = 229 }, new() { Path = "/x", Type = "p" }] },
        };
        var rules = GuestSpec.Adapt(spec, "c1", Pod).Linux!.Resources!.Devices!;
        Assert.HasCount(2, rules);
        Assert.IsFalse(rules[0].Allow);
        Assert.AreEqual(("c", 10L, 229L, "rwm"), (rules[1].Type, rules[1].Major!.Value, rules[1].Minor!.Value, rules[1].Access));
    }

    [TestMethod]
    public void Adapt_WhatTheGuestLacks_IsLeftOut()
    {
        var spec = Minimal() with
        {
            OciVersion = "",
            Process = new Process { Args = ["true"], ApparmorProfile = "docker-default", SelinuxLabel = "x" },
            Hooks = new Hooks { Prestart = [new Hook { Path = "/bin/evil" }], StartContainer = [new Hook { Path = "/bin/hook" }] },
            Annotations = new Dictionary<string, string> { ["run.oci.hooks.stdout"] = "/init", ["io.kubernetes.cri.container-name"] = "x" },
            Linux = new LinuxConfiguration
            {
                MountLabel = "x",
                Sysctl = new Dictionary<string, string> { ["net.ipv4.ip_forward"] = "1", ["kernel.msgmax"] = "9" },
            },
        };

        var adapted = GuestSpec.Adapt(spec, "c1", Pod);

        Assert.AreEqual("1.0.2", adapted.OciVersion);
        Assert.IsNull(adapted.Process!.ApparmorProfile);
        Assert.IsNull(adapted.Process.SelinuxLabel);
        Assert.IsNull(adapted.Linux!.MountLabel);
        Assert.IsNull(adapted.Hooks!.Prestart);
        Assert.HasCount(1, adapted.Hooks.StartContainer!);
        CollectionAssert.AreEqual(new[] { "kernel.msgmax" }, adapted.Linux.Sysctl!.Keys.ToArray());
        CollectionAssert.AreEqual(new[] { "io.kubernetes.cri.container-name" }, adapted.Annotations!.Keys.ToArray());
        Assert.AreEqual("net.ipv4.ip_forward", GuestSpec.NetworkSettings(spec).Single().Key);
    }

    [TestMethod]
    [DataRow(null)]
    [DataRow("")]
    [DataRow("/")]
    [DataRow("rootfs")]
    [DataRow("/run/kata-containers/../../etc")]
    public void Adapt_RootOutsideOfTheSharedDirectory_IsRefused(string? path) =>
        Assert.ThrowsExactly<AgentException>(() => GuestSpec.Adapt(Minimal() with { Root = new Root { Path = path } }, "c1", Pod));

    [TestMethod]
    public void Adapt_NoProcess_IsRefused() =>
        Assert.ThrowsExactly<AgentException>(() => GuestSpec.Adapt(Minimal() with { Process = null }, "c1", Pod));

    [TestMethod]
    public void Renumber_Device_ChangesNodeAndRules()
    {
        var spec = Minimal() with
        {
            Linux = new LinuxConfiguration
            {
                Devices = [new() { Path = "/dev/xda", Type = "b", Major = 8, Minor = 16 }, new() { Path = "/dev/other", Type = "b", Major = 8, Minor = 17 }],
                Resources = new LinuxResources { Devices = [new() { Allow = true, Type = "b", Major = 8, Minor = 16, Access = "rwm" }] },
            },
        };
        var linux = ContainerDevices.Renumber(spec, "/dev/xda", 254, 0).Linux!;
        Assert.AreEqual((254L, 0L), (linux.Devices![0].Major, linux.Devices[0].Minor));
        Assert.AreEqual((8L, 17L), (linux.Devices[1].Major, linux.Devices[1].Minor));
        Assert.AreEqual((254L, 0L), (linux.Resources!.Devices![0].Major!.Value, linux.Resources.Devices[0].Minor!.Value));
        Assert.ThrowsExactly<AgentException>(() => ContainerDevices.Renumber(spec, "/dev/none", 1, 1));
    }

    [TestMethod]
    [DataRow("net.ipv4.ip_forward", "/proc/sys/net/ipv4/ip_forward")]
    [DataRow("net.ipv4.conf.eth0/1.rp_filter", "/proc/sys/net/ipv4/conf/eth0.1/rp_filter")]
    public void NetworkSysctl_Key_BecomesItsPath(string key, string path) => Assert.AreEqual(path, NetworkSysctls.PathOf(key));

    [TestMethod]
    [DataRow("net...kernel.panic")]
    [DataRow("net./../../kernel/core_pattern")]
    public void NetworkSysctl_KeyThatLeadsElsewhere_IsRefused(string key) =>
        Assert.ThrowsExactly<AgentException>(() => NetworkSysctls.PathOf(key));

    private static Spec Minimal() => new()
    {
        OciVersion = "1.0.2",
        Root = new Root { Path = "/run/kata-containers/shared/containers/c1/rootfs" },
        Process = new Process { Args = ["true"], Cwd = "/" },
    };
}
