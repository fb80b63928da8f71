using System.Net.Sockets;
using Kata.Abstractions;
using Kata.Linux;
using Kata.Protocols.Agent;
using Kata.Protocols.Oci;
using Kata.Shim.Resources;
using Kata.Shim.Resources.Devices;
using Kata.Shim.Resources.SharedFs;
using Kata.Shim.Resources.Volumes;
using Kata.Shim.Tests.Resources.Fakes;
using Microsoft.Extensions.Logging.Abstractions;
using Mount = Kata.Protocols.Oci.Mount;

namespace Kata.Shim.Tests.Resources.Volumes;

[TestClass]
public sealed class ContainerVolumesTests
{
    private readonly FakeHypervisor _hypervisor = new();
    private TestDirectory _root = null!;
    private SharedDirectory _shared = null!;
    private Teardown _teardown = null!;

    [TestInitialize]
    public void Initialize()
    {
        _root = new TestDirectory();
        _shared = SharedDirectory.Create($"{_root.Path}/shared");
        _teardown = new Teardown(NullLogger.Instance);
    }

    [TestCleanup]
    public async Task CleanUp()
    {
        if (_teardown is not null)
            await _teardown.DisposeAsync();
        _root?.Dispose();
    }

    [TestMethod]
    public async Task Add_GuestsOwnKinds_PassUnchanged()
    {
        Mount[] mounts =
        [
            new() { Destination = "/proc", Type = "proc", Source = "proc" },
            new() { Destination = "/dev", Type = "tmpfs", Source = "tmpfs", Options = ["nosuid", "size=65536k"] },
            new() { Destination = "/dev/pts", Type = "devpts", Source = "devpts" },
            new() { Destination = "/dev/mqueue", Type = "mqueue", Source = "mqueue" },
            new() { Destination = "/sys", Type = "sysfs", Source = "sysfs", Options = ["ro"] },
            new() { Destination = "/sys/fs/cgroup", Type = "cgroup", Source = "cgroup" },
            new() { Destination = "/host-proc", Type = "bind", Source = "/proc/sys", Options = ["rbind"] },
            new() { Destination = "/dev/null2", Type = "bind", Source = "/dev/null", Options = ["bind"] },
        ];
        var (guest, storages) = await AddAsync(mounts);
        CollectionAssert.AreEqual(mounts, guest.ToArray());
        Assert.IsEmpty(storages);
    }

    [TestMethod]
    public async Task Add_SharedMemory_IsTheSandboxes()
    {
        var (guest, _) = await AddAsync([new() { Destination = "/dev/shm/", Type = "tmpfs", Source = "shm", Options = ["size=1m"] }]);
        Assert.AreEqual(("bind", "/run/kata-containers/sandbox/shm"), (guest[0].Type, guest[0].Source));
        CollectionAssert.AreEqual(new[] { "rbind" }, guest[0].Options!.ToArray());
    }

    [TestMethod]
    public async Task Add_BindOfFileAndDirectory_AreSharedWithTheirOptions()
    {
        var file = _root.Write("bundle/resolv.conf", "nameserver 1");
        var directory = _root.Make("data");
        var (guest, _) = await AddAsync(
        [
            new() { Destination = "/etc/resolv.conf", Type = "bind", Source = "resolv.conf", Options = ["bind", "ro"] },
            new() { Destination = "/data", Source = directory, Options = ["rbind", "rw", "rshared"] },
        ]);
        Assert.AreEqual("nameserver 1", File.ReadAllText(Exported(guest[0])));
        Assert.ThrowsExactly<IOException>(() => File.WriteAllText(Exported(guest[0]), ""));
        File.WriteAllText($"{Exported(guest[1])}/new", "x");
        Assert.AreEqual("x", File.ReadAllText($"{directory}/new"));
        CollectionAssert.AreEqual(new[] { "rbind", "rw", "rshared" }, guest[1].Options!.ToArray());
        await _teardown.DisposeAsync();
        Assert.IsEmpty(Directory.EnumerateFileSystemEntries($"{_shared.ExportedPath}/passthrough"));
        Assert.IsTrue(File.Exists(file));
    }

    [TestMethod]
    public async Task Add_BindThroughSymbolicLink_SharesTheTargetOnce()
    {
        var target = _root.Write("secret/file", "text");
        File.CreateSymbolicLink($"{_root.Path}/link", target);
        var (guest, _) = await AddAsync([new() { Destination = "/x", Type = "bind", Source = $"{_root.Path}/link", Options = ["bind"] }]);
        File.Delete($"{_root.Path}/link");
        File.CreateSymbolicLink($"{_root.Path}/link", "/etc/shadow");
        Assert.AreEqual("text", File.ReadAllText(Exported(guest[0])));
    }

    [TestMethod]
    public async Task Add_Socket_IsShared()
    {
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint($"{_root.Path}/s"));
        var (guest, _) = await AddAsync([new() { Destination = "/run/s", Type = "bind", Source = $"{_root.Path}/s", Options = ["bind"] }]);
        Assert.IsTrue(File.Exists(Exported(guest[0])));
    }

    [TestMethod]
    public async Task Add_BlockDevice_BecomesADiskWithAPlaceToMountItOn()
    {
        Host.NeedsRoot();
        FileSystem.CreateDevice($"{_root.Path}/block", 0x6180, major: 7, minor: 250); // S_IFBLK, 0600
        Mount[] mounts =
        [
            new() { Destination = "/data", Type = "bind", Source = $"{_root.Path}/block", Options = ["bind", "noatime"] },
            new() { Destination = "/more", Type = "bind", Source = $"{_root.Path}/block", Options = ["bind", "noatime"] },
        ];
        var (guest, storages) = await AddAsync(mounts);
        Assert.HasCount(1, _hypervisor.Devices);
        Assert.AreEqual(("blk", "02/01", "ext4", guest[0].Source), (storages[0].Driver, storages[0].Source, storages[0].Fstype, storages[0].MountPoint));
        Assert.AreEqual(storages[0], storages[1]);
        Assert.IsTrue(Directory.Exists(Exported(guest[0])), "The guest cannot make the mount point.");
        await _teardown.DisposeAsync();
        Assert.IsEmpty(_hypervisor.Devices);
        Assert.IsEmpty(Directory.EnumerateFileSystemEntries($"{_shared.ExportedPath}/passthrough"));
    }

    [TestMethod]
    public async Task Add_MissingSource_NamesMountAndSource()
    {
        var exception = await Assert.ThrowsExactlyAsync<KataException>(
            async () => await AddAsync([new() { Destination = "/x", Type = "bind", Source = $"{_root.Path}/none", Options = ["bind"] }]));
        Assert.AreEqual($"Mount /x: {_root.Path}/none cannot be used: it does not exist on the host.", exception.Message);
        Assert.AreEqual(KataErrorKind.InvalidArgument, exception.Kind);
    }

    [TestMethod]
    public async Task Add_NothingShared_FailsForBindsOnly()
    {
        var volumes = new ContainerVolumes(null, NewDisks(), NullLogger.Instance);
        await volumes.AddAsync([new() { Destination = "/tmp", Type = "tmpfs" }], _root.Path, _teardown, CancellationToken.None);
        await Assert.ThrowsExactlyAsync<KataException>(async () => await volumes.AddAsync(
            [new() { Destination = "/x", Type = "bind", Source = _root.Path, Options = ["bind"] }], _root.Path, _teardown, CancellationToken.None));
    }

    private static GuestDisks NewDisks() => new(new FakeHypervisor(), "fake", HypervisorCapabilities.BlockDeviceHotplug, false);

    private string Exported(Mount mount) => $"{_shared.ExportedPath}/passthrough/{Path.GetFileName(mount.Source)}";

    private ValueTask<(IReadOnlyList<Mount> Mounts, IReadOnlyList<Storage> Storages)> AddAsync(IReadOnlyList<Mount> mounts) =>
        new ContainerVolumes(new SharedVolumes(_shared), new GuestDisks(_hypervisor, "fake", HypervisorCapabilities.BlockDeviceHotplug, false), NullLogger.Instance)
            .AddAsync(mounts, $"{_root.Path}/bundle", _teardown, CancellationToken.None);
}
