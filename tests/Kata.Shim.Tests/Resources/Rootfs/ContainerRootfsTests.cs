using Kata.Abstractions;
using Kata.Abstractions.Devices;
using Kata.Protocols.Oci;
using Kata.Shim.Resources;
using Kata.Shim.Resources.Devices;
using Kata.Shim.Resources.Rootfs;
using Kata.Shim.Resources.SharedFs;
using Kata.Shim.Tests.Resources.Fakes;
using Microsoft.Extensions.Logging.Abstractions;
using SnapshotMount = Kata.Protocols.Containerd.Task.Mount;

namespace Kata.Shim.Tests.Resources.Rootfs;

[TestClass]
public sealed class ContainerRootfsTests
{
    private const HypervisorCapabilities Disks = HypervisorCapabilities.BlockDeviceHotplug;

    private readonly FakeHypervisor _hypervisor = new();
    private TestDirectory _root = null!;
    private SharedDirectory _shared = null!;

    [TestInitialize]
    public void Initialize()
    {
        _root = new TestDirectory();
        _shared = SharedDirectory.Create($"{_root.Path}/shared");
    }

    [TestCleanup]
    public void CleanUp() => _root?.Dispose();

    [TestMethod]
    public async Task Add_NoMounts_SharesRootOfTheBundle()
    {
        _root.Write("bundle/rootfs/etc/hostname", "box");
        var teardown = new Teardown(NullLogger.Instance);
        var (path, storages) = await AddAsync(Request(new Spec { Root = new() { Path = "rootfs" } }), teardown);
        Assert.AreEqual("/run/kata-containers/shared/containers/passthrough/c1/rootfs", path);
        Assert.IsEmpty(storages);
        Assert.AreEqual("box", File.ReadAllText($"{Exported}/etc/hostname"));
        File.WriteAllText($"{Exported}/new", "");
        Assert.IsTrue(File.Exists($"{_root.Path}/bundle/rootfs/new"));
        await teardown.DisposeAsync();
        Assert.IsFalse(Directory.Exists($"{_shared.ExportedPath}/passthrough/c1"));
        Assert.IsTrue(File.Exists($"{_root.Path}/bundle/rootfs/new"));
    }

    [TestMethod]
    public async Task Add_NoRootPath_SaysSo()
    {
        await AssertFailsAsync(Request(new Spec()), "root.path is missing");
        await AssertFailsAsync(Request(new Spec { Root = new() { Path = "none" } }), $"{_root.Path}/bundle/none cannot be used");
    }

    [TestMethod]
    public async Task Add_Overlay_WritesGoToTheUpperLayerOnly()
    {
        _root.Write("lower/file", "lower");
        var teardown = new Teardown(NullLogger.Instance);
        var mount = Overlay($"lowerdir={_root.Path}/lower");
        await AddAsync(Request(new Spec(), mount), teardown);
        Assert.AreEqual("lower", File.ReadAllText($"{Exported}/file"));
        File.WriteAllText($"{Exported}/file", "changed");
        Assert.AreEqual("lower", File.ReadAllText($"{_root.Path}/lower/file"));
        Assert.AreEqual("changed", File.ReadAllText($"{_root.Path}/upper/file"));
        await teardown.DisposeAsync();
        Assert.IsFalse(Directory.Exists($"{_shared.ExportedPath}/passthrough/c1"));
        Assert.IsFalse(_root.Mounts().Any(target => target.Contains("c1", StringComparison.Ordinal)));
    }

    [TestMethod]
    public async Task Add_OverlayWithMoreLayersThanFitAPage_Works()
    {
        var names = Enumerable.Range(0, 120).Select(number => $"layers/{number:000}-{new string('x', 8)}/fs").ToList();
        names.ForEach(name => _root.Make(name));
        _root.Write($"{names[^1]}/last", "seen");
        var data = $"lowerdir={string.Join(':', names.Select(name => $"{_root.Path}/{name}"))}";
        Assert.IsGreaterThan(OverlayLayers.MaxData, data.Length);
        await using var teardown = new Teardown(NullLogger.Instance);
        await AddAsync(Request(new Spec(), Overlay(data)), teardown);
        Assert.AreEqual("seen", File.ReadAllText($"{Exported}/last"));
    }

    [TestMethod]
    public async Task Add_ReadOnlyBind_IsReadOnly()
    {
        _root.Write("view/file", "x");
        await using var teardown = new Teardown(NullLogger.Instance);
        await AddAsync(Request(new Spec(), new SnapshotMount { Type = "bind", Source = $"{_root.Path}/view", Options = { "ro", "rbind" } }), teardown);
        Assert.AreEqual("x", File.ReadAllText($"{Exported}/file"));
        Assert.ThrowsExactly<IOException>(() => File.WriteAllText($"{Exported}/file", ""));
    }

    [TestMethod]
    public async Task Add_SecondMountFails_NothingStays()
    {
        _root.Make("lower");
        var bad = new SnapshotMount { Type = "no-such-fs", Source = "x" };
        await AssertFailsAsync(Request(new Spec(), Overlay($"lowerdir={_root.Path}/lower"), bad), "no-such-fs x");
        Assert.IsFalse(Directory.Exists($"{_shared.ExportedPath}/passthrough/c1"));
        Assert.IsFalse(_root.Mounts().Any(target => target.Contains("c1", StringComparison.Ordinal)));
    }

    [TestMethod]
    public async Task Add_TargetOutside_IsRefused()
    {
        _root.Make("view");
        await AssertFailsAsync(
            Request(new Spec(), new SnapshotMount { Type = "bind", Source = $"{_root.Path}/view", Target = "../../x", Options = { "bind" } }), "leaves the root file system");
    }

    [TestMethod]
    public async Task Add_LoopFile_BecomesADisk()
    {
        var file = _root.Write("disk.img", "not looked at");
        var teardown = new Teardown(NullLogger.Instance);
        var mount = new SnapshotMount { Type = "xfs", Source = file, Options = { "loop", "ro" } };
        var (path, storages) = await AddAsync(Request(new Spec(), mount), teardown);
        var disk = (BlockDevice)_hypervisor.Devices.Single();
        Assert.AreEqual((file, true), (disk.HostPath, disk.ReadOnly));
        var storage = storages.Single();
        Assert.AreEqual(("blk", "02/01", "xfs", path), (storage.Driver, storage.Source, storage.Fstype, storage.MountPoint));
        CollectionAssert.AreEqual(new[] { "ro", "nouuid" }, storage.Options.ToArray());
        Assert.IsTrue(Directory.Exists(Exported), "The guest cannot make the mount point.");
        await teardown.DisposeAsync();
        Assert.IsEmpty(_hypervisor.Devices);
        Assert.IsFalse(Directory.Exists($"{_shared.ExportedPath}/passthrough/c1"));
    }

    [TestMethod]
    public async Task Add_DiskWithoutHotPlug_SaysWhatIsMissing()
    {
        var mount = new SnapshotMount { Type = "ext4", Source = _root.Write("disk.img", ""), Options = { "loop" } };
        var rootfs = new ContainerRootfs(_shared, new GuestDisks(_hypervisor, "fake", HypervisorCapabilities.None, false));
        await Assert.ThrowsExactlyAsync<NotSupportedByHypervisorException>(
            async () => await rootfs.AddAsync(Request(new Spec(), mount), new Teardown(NullLogger.Instance), CancellationToken.None));
    }

    [TestMethod]
    public async Task Add_NothingShared_SaysWhichSnapshotterToUse()
    {
        var rootfs = new ContainerRootfs(null, new GuestDisks(_hypervisor, "fake", Disks, false));
        var exception = await Assert.ThrowsExactlyAsync<KataException>(
            async () => await rootfs.AddAsync(Request(new Spec()), new Teardown(NullLogger.Instance), CancellationToken.None));
        StringAssert.Contains(exception.Message, "snapshotter");
    }

    private string Exported => $"{_shared.ExportedPath}/passthrough/c1/rootfs";

    private SnapshotMount Overlay(string lower) => new()
    {
        Type = "overlay",
        Source = "overlay",
        Options = { "index=off", $"workdir={_root.Make("work")}", $"upperdir={_root.Make("upper")}", lower },
    };

    private ContainerRequest Request(Spec spec, params SnapshotMount[] mounts) => new() { Id = "c1", Bundle = _root.Make("bundle"), Spec = spec, Rootfs = mounts };

    private ValueTask<(string GuestPath, IReadOnlyList<Kata.Protocols.Agent.Storage> Storages)> AddAsync(ContainerRequest request, Teardown teardown) =>
        new ContainerRootfs(_shared, new GuestDisks(_hypervisor, "fake", Disks, false)).AddAsync(request, teardown, CancellationToken.None);

    private async Task AssertFailsAsync(ContainerRequest request, string expected)
    {
        await using var teardown = new Teardown(NullLogger.Instance);
        var exception = await Assert.ThrowsExactlyAsync<KataException>(async () => await AddAsync(request, teardown));
        StringAssert.Contains(exception.Message, expected);
    }
}
