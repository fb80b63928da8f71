using System.Text.Json;
using Kata.Abstractions;
using Kata.Abstractions.Devices;
using Kata.Linux;
using Kata.Linux.Cgroups;
using Kata.Protocols.Oci;
using Kata.Shim.Configuration;
using Kata.Shim.Resources;
using Kata.Shim.Tests.Resources.Fakes;
using Microsoft.Extensions.Logging.Abstractions;

namespace Kata.Shim.Tests.Resources;

/// <summary>The whole life of a sandbox's resources on the real host, with a VM that only remembers its devices.</summary>
[TestClass]
[DoNotParallelize]
public sealed class SandboxResourcesTests
{
    private readonly FakeHypervisor _hypervisor = new();
    private readonly List<SandboxResourceState> _saved = [];
    private TestDirectory _root = null!;
    private SandboxResources? _resources;
    private string _before = "";

    [TestInitialize]
    public void Initialize()
    {
        _root = new TestDirectory();
        Host.Needs(Host.VirtioFsDaemon);
        _root.Write("bundle/rootfs/file", "text");
        _root.Make("run");
        _before = File.ReadAllText("/proc/self/cgroup");
    }

    [TestCleanup]
    public async Task CleanUp()
    {
        if (_resources is not null)
            await _resources.DisposeAsync();
        _root?.Dispose();
    }

    [TestMethod]
    public async Task LifeCycle_OneContainer_LeavesNothing()
    {
        var resources = New();
        await resources.OpenAsync(CancellationToken.None);
        Assert.IsNotNull(resources.NetworkNamespacePath);
        Assert.AreNotEqual(_before, File.ReadAllText("/proc/self/cgroup"));
        await resources.PrepareAsync(_hypervisor, CancellationToken.None);
        var device = (SharedFileSystemDevice)_hypervisor.Devices.Single();
        Assert.AreEqual(("kataShared", $"{_root.Path}/run/virtiofsd.sock"), (device.Tag, device.SocketPath));
        Assert.HasCount(2, resources.BuildCreateSandboxRequest().Storages);

        var container = await resources.AddContainerAsync(Container(), CancellationToken.None);
        var message = container.CreateContainerRequest;
        Assert.AreEqual(("c1", "/run/kata-containers/shared/containers/passthrough/c1/rootfs"), (message.ContainerId, message.OCI.Root.Path));
        Assert.AreEqual("text", File.ReadAllText($"{Exported}/passthrough/c1/rootfs/file"));
        await container.DisposeAsync();
        Assert.IsEmpty(Directory.EnumerateFileSystemEntries($"{Exported}/passthrough"));

        var state = resources.State;
        await resources.DisposeAsync();
        AssertNothingLeft(state);
        Assert.AreEqual(_before, File.ReadAllText("/proc/self/cgroup"));
    }

    [TestMethod]
    public async Task State_WhileTaking_IsSavedBeforeEachResource()
    {
        var resources = New(() =>
        {
            _saved.Add(_resources!.State);
            if (_resources.State.SharedDirectory is { } directory && _saved.Count(state => state.SharedDirectory is not null) == 1)
                Assert.IsFalse(Directory.Exists(directory));
            if (_resources.State.Cgroups.Count > 0 && _saved.Count(state => state.Cgroups.Count > 0) == 1)
                Assert.IsFalse(_resources.State.Cgroups.Any(Directory.Exists));
        });
        await resources.OpenAsync(CancellationToken.None);
        await resources.PrepareAsync(_hypervisor, CancellationToken.None);
        var last = _saved[^1];
        Assert.IsTrue(last is { SharedDirectory: not null, Processes.Count: 1, Network.Owned: true });
        Assert.AreEqual(last.Processes[0], resources.State.Processes[0]);
    }

    [TestMethod]
    public async Task State_CannotBeSaved_TheResourceIsNotTaken()
    {
        var resources = New(() => throw new KataException(KataErrorKind.ResourceExhausted, "disk full"));
        var exception = await Assert.ThrowsExactlyAsync<KataException>(async () => await resources.OpenAsync(CancellationToken.None));
        Assert.AreEqual("disk full", exception.Message);
        await resources.DisposeAsync();
        Assert.IsEmpty(Directory.EnumerateFileSystemEntries($"{_root.Path}/run"));
        Assert.AreEqual(_before, File.ReadAllText("/proc/self/cgroup"));
    }

    [TestMethod]
    public async Task Prepare_HypervisorRefusesTheDevice_DisposeLeavesNothing()
    {
        var resources = New();
        await resources.OpenAsync(CancellationToken.None);
        _hypervisor.NextFailure = new HypervisorException("no");
        await Assert.ThrowsExactlyAsync<HypervisorException>(async () => await resources.PrepareAsync(_hypervisor, CancellationToken.None));
        var state = resources.State;
        await resources.DisposeAsync();
        AssertNothingLeft(state);
    }

    [TestMethod]
    public async Task AddContainer_BadMount_RollsBackWhatCameBefore()
    {
        var resources = New();
        await resources.OpenAsync(CancellationToken.None);
        await resources.PrepareAsync(_hypervisor, CancellationToken.None);
        var request = Container(new Mount { Destination = "/x", Type = "bind", Source = $"{_root.Path}/none", Options = ["bind"] });
        await Assert.ThrowsExactlyAsync<KataException>(async () => await resources.AddContainerAsync(request, CancellationToken.None));
        Assert.IsEmpty(Directory.EnumerateFileSystemEntries($"{Exported}/passthrough"));
    }

    [TestMethod]
    public async Task CleanUp_AfterTheRuntimeWasKilled_RemovesEverythingFromTheState()
    {
        var resources = New();
        await resources.OpenAsync(CancellationToken.None);
        await resources.PrepareAsync(_hypervisor, CancellationToken.None);
        await resources.AddContainerAsync(Container(), CancellationToken.None);
        // What another process reads from disk.
        var json = JsonSerializer.SerializeToUtf8Bytes(resources.State, StateContext.Default.SandboxResourceState);
        var state = JsonSerializer.Deserialize(json, StateContext.Default.SandboxResourceState)!;
        // A killed runtime is in no cgroup any more.
        foreach (var hierarchy in CgroupHierarchy.ReadAll())
            Cgroup.AddProcess(hierarchy.MountPoint + hierarchy.PathOf(_before), Environment.ProcessId);
        await SandboxResources.CleanUpAsync(state, NullLogger.Instance, CancellationToken.None);
        // Goes with the VM's directory.
        File.Delete($"{_root.Path}/run/virtiofsd.sock");
        AssertNothingLeft(state);
        await SandboxResources.CleanUpAsync(state, NullLogger.Instance, CancellationToken.None);
        StringAssert.Contains(await resources.Failed, "virtiofsd");
    }

    [TestMethod]
    public async Task CleanUp_ProcessLeftInTheCgroup_IsKilled()
    {
        var resources = New();
        await resources.OpenAsync(CancellationToken.None);
        using var child = ChildProcess.Start(new ChildProcessOptions { Path = "/bin/sleep", Arguments = ["1000"] });
        if (resources.State.Cgroups.Count == 0)
            Assert.Inconclusive("needs writable cgroups");
        var state = resources.State;
        await resources.DisposeAsync();
        Assert.AreEqual((int)Signal.SIGKILL, (await child.Exited).Signal);
        AssertNothingLeft(state);
    }

    [TestMethod]
    public async Task Open_OverheadCgroup_IsJoinedAndTheSandboxesIsLeftToTheVmm()
    {
        var resources = New(sandboxCgroupOnly: false);
        await resources.OpenAsync(CancellationToken.None);
        if (resources.CgroupPaths.Count == 0)
            Assert.Inconclusive("needs writable cgroups");
        StringAssert.Contains(File.ReadAllText("/proc/self/cgroup"), "/kata_overhead/s1");
        Assert.IsTrue(resources.CgroupPaths.All(path => path.EndsWith("/s1", StringComparison.Ordinal) && Cgroup.ProcessesOf(path).Count == 0));
        var state = resources.State;
        await resources.DisposeAsync();
        AssertNothingLeft(state);
        Assert.AreEqual(_before, File.ReadAllText("/proc/self/cgroup"));
    }

    [TestMethod]
    public async Task Prepare_HypervisorCannotShare_ContainersOfDirectoriesFailWithAReason()
    {
        var resources = New(capabilities: HypervisorCapabilities.BlockDeviceHotplug);
        await resources.OpenAsync(CancellationToken.None);
        await resources.PrepareAsync(_hypervisor, CancellationToken.None);
        Assert.IsEmpty(_hypervisor.Devices);
        var exception = await Assert.ThrowsExactlyAsync<KataException>(async () => await resources.AddContainerAsync(Container(), CancellationToken.None));
        StringAssert.Contains(exception.Message, "nothing is shared with the guest");
    }

    private string Exported => $"{_root.Path}/shared/s1/ro";

    private SandboxResources New(
        Action? save = null,
        HypervisorCapabilities capabilities = HypervisorCapabilities.SharedFileSystem | HypervisorCapabilities.BlockDeviceHotplug,
        bool sandboxCgroupOnly = true) =>
        _resources = new SandboxResources(new SandboxContext
        {
            SandboxId = "s1",
            Capabilities = capabilities,
            RunDirectory = $"{_root.Path}/run",
            SharedRoot = $"{_root.Path}/shared",
            SaveState = save ?? (static () => { }),
            Logger = NullLogger.Instance,
            Spec = new Spec
            {
                Linux = new() { CgroupsPath = $"/kata-test-{Environment.ProcessId}/s1", Namespaces = [new() { Type = "network" }] },
            },
            Configuration = new KataConfiguration
            {
                HypervisorName = "fake",
                Hypervisor = new(),
                Agent = new(),
                Runtime = new() { SandboxCgroupOnly = sandboxCgroupOnly },
                SharedFs = new() { Kind = SharedFsKind.VirtioFs, DaemonPath = Host.VirtioFsDaemon },
                SourcePath = "/c",
            },
        });

    private ContainerRequest Container(params Mount[] mounts) =>
        new() { Id = "c1", Bundle = $"{_root.Path}/bundle", Spec = new Spec { Root = new() { Path = "rootfs" }, Mounts = mounts } };

    private void AssertNothingLeft(SandboxResourceState state)
    {
        Assert.IsEmpty(_root.Mounts());
        Assert.IsFalse(Directory.Exists($"{_root.Path}/shared/s1"));
        Assert.IsEmpty(Directory.EnumerateFileSystemEntries($"{_root.Path}/run"));
        Assert.IsTrue(state.Processes.All(process => ProcessTable.StartTimeOf(process.Pid) != process.StartTime));
        Assert.IsFalse(state.Cgroups.Concat(state.CgroupParents).Any(Directory.Exists));
        Assert.IsTrue(File.Exists($"{_root.Path}/bundle/rootfs/file"));
    }
}
