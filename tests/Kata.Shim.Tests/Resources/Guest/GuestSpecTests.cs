using Kata.Protocols.Oci;
using Kata.Shim.Configuration;
using Kata.Shim.Resources;
using Kata.Shim.Resources.Guest;

namespace Kata.Shim.Tests.Resources.Guest;

[TestClass]
public sealed class GuestSpecTests
{
    private static readonly Spec Given = new()
    {
        Root = new() { Path = "rootfs", Readonly = true },
        Process = new() { SelinuxLabel = "label", Args = ["sh"] },
        Hostname = "box",
        Hooks = new() { Prestart = [new() { Path = "/a" }], StartContainer = [new() { Path = "/b" }], Poststop = [new() { Path = "/c" }] },
        Annotations = new Dictionary<string, string> { ["io.katacontainers.config.hypervisor.cc_init_data"] = "x", ["mine"] = "1" },
        Linux = new()
        {
            Namespaces = [new() { Type = "pid" }, new() { Type = "network", Path = "/n" }, new() { Type = "ipc", Path = "/i" }, new() { Type = "mount" }, new() { Type = "time" }],
            Seccomp = new() { DefaultAction = "SCMP_ACT_ERRNO" },
            Resources = new()
            {
                Cpu = new() { Cpus = "0-1", Shares = 512 },
                Memory = new() { Limit = 1 << 20 },
                Pids = new(),
                Devices = [new() { Allow = false }],
                BlockIo = new(),
                Network = new(),
            },
            MaskedPaths = ["/proc/kcore"],
        },
    };

    [TestMethod]
    public void Make_FullSpec_IsAmendedForTheGuest()
    {
        var spec = Make(Given, disableSeccomp: false);
        Assert.AreEqual(("/guest/rootfs", true), (spec.Root!.Path, spec.Root.Readonly));
        Assert.AreEqual("/b", spec.Hooks!.StartContainer!.Single().Path);
        Assert.IsNull(spec.Hooks.Prestart);
        Assert.IsNull(spec.Hooks.Poststop);
        CollectionAssert.AreEqual(new[] { "ipc", "mount" }, spec.Linux!.Namespaces!.Select(entry => entry.Type).ToArray());
        Assert.IsTrue(spec.Linux.Namespaces!.All(entry => entry.Path is null));
        Assert.IsNotNull(spec.Linux.Seccomp);
        var resources = spec.Linux.Resources!;
        Assert.AreEqual((512UL, null), (resources.Cpu!.Shares, resources.Cpu.Cpus));
        Assert.AreEqual(1L << 20, resources.Memory!.Limit);
        Assert.IsTrue(resources is { Pids: null, Devices: null, BlockIo: null, Network: null });
        Assert.IsNull(spec.Process!.SelinuxLabel);
        Assert.AreEqual("/proc/kcore", spec.Linux.MaskedPaths!.Single());
        Assert.IsFalse(spec.Annotations!.ContainsKey("io.katacontainers.config.hypervisor.cc_init_data"));
        Assert.AreEqual("single_container", spec.Annotations["io.katacontainers.pkg.oci.container_type"]);
        Assert.AreEqual("/bundle", spec.Annotations["io.katacontainers.pkg.oci.bundle_path"]);
        Assert.AreEqual("1", spec.Annotations["mine"]);
    }

    [TestMethod]
    public void Make_SeccompDisabled_IsDropped() => Assert.IsNull(Make(Given, disableSeccomp: true).Linux!.Seccomp);

    [TestMethod]
    [DataRow("io.kubernetes.cri.container-type", "sandbox", "pod_sandbox")]
    [DataRow("io.kubernetes.cri-o.ContainerType", "container", "pod_container")]
    public void Make_PodAnnotations_GiveTheType(string key, string value, string expected) =>
        Assert.AreEqual(
            expected,
            Make(new Spec { Annotations = new Dictionary<string, string> { [key] = value } }, false).Annotations!["io.katacontainers.pkg.oci.container_type"]);

    [TestMethod]
    public void SharesPidNamespace_PathGiven_IsTrue()
    {
        Assert.IsFalse(GuestSpec.SharesPidNamespace(Given));
        Assert.IsTrue(GuestSpec.SharesPidNamespace(new Spec { Linux = new() { Namespaces = [new() { Type = "pid", Path = "/proc/1/ns/pid" }] } }));
    }

    private static Spec Make(Spec spec, bool disableSeccomp) => GuestSpec.Make(
        new ContainerRequest { Id = "c", Bundle = "/bundle", Spec = spec },
        "/guest/rootfs",
        [],
        new KataConfiguration
        {
            HypervisorName = "fake",
            Hypervisor = new(),
            Agent = new(),
            Runtime = new() { DisableGuestSeccomp = disableSeccomp },
            SharedFs = new(),
            SourcePath = "/c",
        });
}
