using System.Security.Cryptography;
using Google.Protobuf;
using Grpc.Core;
using Kata.Protocols.Agent;
using Kata.Protocols.Agent.Oci;

namespace Kata.Guest.Tests.Agent.Machine;

/// <summary>The agent as PID 1 of a microVM with a Debian kernel, asked as the runtime asks it.</summary>
[TestClass]
[TestCategory("e2e")]
public sealed class GuestMachineTests
{
    private const int TestMilliseconds = 120_000;

    private static GuestMachine s_machine = null!;

    public TestContext TestContext { get; set; } = null!;

    private static AgentService.AgentServiceClient Agent => s_machine.Agent;

    private CancellationToken Cancellation => TestContext.CancellationToken;

    [ClassInitialize]
    public static async Task Boot(TestContext context)
    {
        s_machine = await GuestMachine.BootAsync(context.CancellationToken);
        var request = new CreateSandboxRequest { SandboxId = "pod", Hostname = "pod", Dns = { "nameserver 10.0.0.53" } };
        request.Storages.Add(new Storage
        {
            Driver = "virtio-fs",
            Source = "kataShared",
            Fstype = "virtiofs",
            Options = { "nodev" },
            MountPoint = GuestMachine.SharedInGuest + "/",
        });
        request.Storages.Add(new Storage
        {
            Driver = "ephemeral",
            Source = "shm",
            Fstype = "tmpfs",
            Options = { "noexec", "nosuid", "nodev", "mode=1777", "size=67108864" },
            MountPoint = "/run/kata-containers/sandbox/shm",
        });
        await Agent.CreateSandboxAsync(request);
    }

    [ClassCleanup]
    public static async Task Stop()
    {
        if (s_machine is null)
            return;
        // Last of all: the agent switches the machine off, and QEMU ends by itself.
        await Agent.DestroySandboxAsync(new DestroySandboxRequest());
        var status = await s_machine.Off.WaitAsync(TimeSpan.FromSeconds(60));
        await s_machine.DisposeAsync();
        Assert.AreEqual(0, status.ShellCode);
    }

    [TestMethod]
    [Timeout(TestMilliseconds, CooperativeCancellation = true)]
    public async Task GetGuestDetails_Agent_IsInitAndKnowsItsHandlers()
    {
        var details = await Agent.GetGuestDetailsAsync(new GuestDetailsRequest { MemBlockSize = true, MemHotplugProbe = true });
        Assert.IsTrue(details.AgentDetails.InitDaemon);
        Assert.AreEqual(128u << 20, details.MemBlockSizeBytes);
        CollectionAssert.Contains(details.AgentDetails.StorageHandlers, "virtio-fs");
        Assert.AreEqual(HealthCheckResponse.Types.ServingStatus.Serving, (await s_machine.Health.CheckAsync(new CheckRequest())).Status);
        Assert.AreEqual(details.AgentDetails.Version, (await s_machine.Health.VersionAsync(new CheckRequest())).AgentVersion);
    }

    [TestMethod]
    [DataRow("true", 0)]
    [DataRow("exit 1", 1)]
    [DataRow("exit 42", 42)]
    [DataRow("echo out; echo err >&2; exit 3", 3)]
    [Timeout(TestMilliseconds, CooperativeCancellation = true)]
    public async Task Container_Runs_GivesOutputAndExitCode(string script, int code)
    {
        var result = await RunAsync(Specs.Container("sh", "-c", script));
        Assert.AreEqual(code, result.Status);
        Assert.AreEqual(code == 3 ? "out\n" : "", result.Output);
        Assert.AreEqual(code == 3 ? "err\n" : "", result.Error);
    }

    [TestMethod]
    [Timeout(TestMilliseconds, CooperativeCancellation = true)]
    public async Task Container_Inside_HasItsOwnWorld()
    {
        var result = await RunAsync(Specs.Container("sh", "-c",
            "hostname; id -u; echo $$; ls /; df -m /dev/shm | tail -n 1; cat /proc/self/cgroup; grep SigIgn /proc/self/status; "
            + "mknod /tmp/disk b 254 0 && cat /tmp/disk; echo /dev/*; ls /proc/1/root/init"));
        var lines = result.Output.Split('\n');
        Assert.AreEqual("pod", lines[0]);
        Assert.AreEqual("0", lines[1]);
        Assert.AreEqual("1", lines[2]);
        StringAssert.Contains(result.Output, " 64 ");
        StringAssert.Contains(result.Output, "0::/\n");
        // The guest's disk is none of the container's business, nor is what is below its root.
        StringAssert.Contains(result.Error, "Operation not permitted");
        StringAssert.Contains(result.Error, "/proc/1/root/init: No such file");
        Assert.DoesNotContain("/dev/vda", result.Output);
    }

    [TestMethod]
    [Timeout(TestMilliseconds, CooperativeCancellation = true)]
    public async Task Exec_InRunningContainer_HasStdinUserAndDirectory()
    {
        await using var container = await StartAsync(Specs.Container("sleep", "1000"));
        var process = Specs.Process("sh", "-c", "pwd; id -u; cat; exit 5");
        process.Cwd = "/tmp";
        process.User.UID = 1000;
        var output = await container.ExecAsync("e1", process, "hello");
        Assert.AreEqual((5, "/tmp\n1000\nhello"), (output.Status, output.Output));

        // The id is free again.
        Assert.AreEqual(0, (await container.ExecAsync("e1", Specs.Process("true"), "")).Status);
        await AssertCode(StatusCode.NotFound, () => Agent.WaitProcessAsync(new WaitProcessRequest { ContainerId = container.Id, ExecId = "e1" }));
    }

    [TestMethod]
    [Timeout(TestMilliseconds, CooperativeCancellation = true)]
    public async Task Exec_CommandThatIsNotThere_FailsAndLeavesTheContainerAlone()
    {
        await using var container = await StartAsync(Specs.Container("sleep", "1000"));
        var error = await AssertCode(StatusCode.Internal, () => Agent.ExecProcessAsync(
            new ExecProcessRequest { ContainerId = container.Id, ExecId = "bad", Process = Specs.Process("nosuch") }));
        StringAssert.Contains(error.Status.Detail, "nosuch");
        Assert.AreEqual(0, (await container.ExecAsync("bad", Specs.Process("true"), "")).Status);
    }

    [TestMethod]
    [Timeout(TestMilliseconds, CooperativeCancellation = true)]
    public async Task Terminal_ReadsWritesAndResizes()
    {
        var spec = Specs.Container("sh", "-c", "trap 'stty size; exit 0' WINCH; tty; read line; echo got $line; while :; do sleep 1; done");
        spec.Process.Terminal = true;
        await using var container = await StartAsync(spec);
        await Agent.WriteStdinAsync(new WriteStreamRequest { ContainerId = container.Id, Data = ByteString.CopyFromUtf8("line\n") });
        var text = "";
        while (!text.Contains("got line", StringComparison.Ordinal))
            text += (await Agent.ReadStdoutAsync(new ReadStreamRequest { ContainerId = container.Id, Len = 4096 })).Data.ToStringUtf8();
        await Agent.TtyWinResizeAsync(new TtyWinResizeRequest { ContainerId = container.Id, Row = 33, Column = 111 });
        text += await container.ReadToEndAsync("");
        StringAssert.Contains(text, "/dev/pts/0\r\n");
        StringAssert.Contains(text, "33 111");
        Assert.AreEqual(0, await container.WaitAsync(""));
    }

    [TestMethod]
    [Timeout(TestMilliseconds, CooperativeCancellation = true)]
    public async Task Signal_TerminateWithoutHandler_KillsInit()
    {
        await using var container = await StartAsync(Specs.Container("sleep", "1000"));
        var waits = Enumerable.Range(0, 3).Select(_ => container.WaitAsync("")).ToArray();
        await Agent.SignalProcessAsync(new SignalProcessRequest { ContainerId = container.Id, Signal = 15 });
        CollectionAssert.AreEqual(new[] { 137, 137, 137 }, await Task.WhenAll(waits));
        // A process that has ended takes every signal.
        await Agent.SignalProcessAsync(new SignalProcessRequest { ContainerId = container.Id, Signal = 15 });
    }

    [TestMethod]
    [Timeout(TestMilliseconds, CooperativeCancellation = true)]
    public async Task Signal_TerminateWithHandler_ReachesIt()
    {
        await using var container = await StartAsync(Specs.Container("sh", "-c", "trap 'exit 9' TERM; echo ready; while :; do sleep 0.1; done"));
        Assert.AreEqual("ready\n", (await Agent.ReadStdoutAsync(new ReadStreamRequest { ContainerId = container.Id, Len = 100 })).Data.ToStringUtf8());
        await Agent.SignalProcessAsync(new SignalProcessRequest { ContainerId = container.Id, Signal = 15 });
        Assert.AreEqual(9, await container.WaitAsync(""));
    }

    [TestMethod]
    [Timeout(TestMilliseconds, CooperativeCancellation = true)]
    public async Task Signal_KillExec_IsItsOwnAndKillAllIsEverybodys()
    {
        await using var container = await StartAsync(Specs.Container("sleep", "1000"));
        await Agent.ExecProcessAsync(new ExecProcessRequest { ContainerId = container.Id, ExecId = "one", Process = Specs.Process("sleep", "1000") });
        await Agent.ExecProcessAsync(new ExecProcessRequest { ContainerId = container.Id, ExecId = "two", Process = Specs.Process("sleep", "1000") });
        await Agent.SignalProcessAsync(new SignalProcessRequest { ContainerId = container.Id, ExecId = "one", Signal = 15 });
        Assert.AreEqual(143, await container.WaitAsync("one"));
        await Agent.SignalProcessAsync(new SignalProcessRequest { ContainerId = container.Id, Signal = 9 });
        Assert.AreEqual(137, await container.WaitAsync("two"));
        Assert.AreEqual(137, await container.WaitAsync(""));
    }

    [TestMethod]
    [Timeout(TestMilliseconds, CooperativeCancellation = true)]
    public async Task Output_OfAProcessWhoseChildHoldsThePipe_EndsSoon()
    {
        await using var container = await StartAsync(Specs.Container("sleep", "1000"));
        var result = await container.ExecAsync("e", Specs.Process("sh", "-c", "sleep 500 & echo parent"), "");
        Assert.AreEqual((0, "parent\n"), (result.Status, result.Output));
    }

    [TestMethod]
    [Timeout(TestMilliseconds, CooperativeCancellation = true)]
    public async Task Output_ManyBytes_ArriveUnchanged()
    {
        const int bytes = 16 << 20;
        await using var container = await StartAsync(
            Specs.Container("sh", "-c", $"head -c {bytes} /dev/urandom > /dev/shm/data; sha256sum < /dev/shm/data >&2; cat /dev/shm/data"));
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var read = 0;
        while ((await Agent.ReadStdoutAsync(new ReadStreamRequest { ContainerId = container.Id, Len = 65536 })).Data is { IsEmpty: false } data)
        {
            hash.AppendData(data.Span);
            read += data.Length;
        }

        Assert.AreEqual(bytes, read);
        StringAssert.StartsWith(await container.ReadToEndAsync("", error: true), Convert.ToHexStringLower(hash.GetHashAndReset()));
        Assert.AreEqual(0, await container.WaitAsync(""));
    }

    [TestMethod]
    [Timeout(TestMilliseconds, CooperativeCancellation = true)]
    public async Task Stats_Container_CountMemoryAndUpdateChangesItsLimit()
    {
        var spec = Specs.Container("sleep", "1000");
        spec.Linux.Resources.Memory = new LinuxMemory { Limit = 64 << 20 };
        await using var container = await StartAsync(spec);
        var stats = (await Agent.StatsContainerAsync(new StatsContainerRequest { ContainerId = container.Id })).CgroupStats;
        Assert.AreEqual(64u << 20, stats.MemoryStats.Usage.Limit);
        Assert.AreNotEqual(0u, stats.MemoryStats.Usage.Usage);
        Assert.AreNotEqual(0u, stats.CpuStats.CpuUsage.TotalUsage);
        Assert.AreEqual(1u, stats.PidsStats.Current);
        Assert.IsTrue(stats.MemoryStats.Stats.ContainsKey("total_inactive_file"));

        await Agent.UpdateContainerAsync(new UpdateContainerRequest
        {
            ContainerId = container.Id,
            Resources = new LinuxResources { Memory = new LinuxMemory { Limit = 96 << 20 } },
        });
        stats = (await Agent.StatsContainerAsync(new StatsContainerRequest { ContainerId = container.Id })).CgroupStats;
        Assert.AreEqual(96u << 20, stats.MemoryStats.Usage.Limit);
    }

    [TestMethod]
    [Timeout(TestMilliseconds, CooperativeCancellation = true)]
    public async Task Pause_Container_StopsUntilResumed()
    {
        await using var container = await StartAsync(Specs.Container("sh", "-c", "while :; do echo tick; sleep 0.05; done"));
        await Agent.PauseContainerAsync(new PauseContainerRequest { ContainerId = container.Id });
        var usage = await CpuAsync(container.Id);
        await Task.Delay(300, Cancellation);
        Assert.AreEqual(usage, await CpuAsync(container.Id));
        await Agent.ResumeContainerAsync(new ResumeContainerRequest { ContainerId = container.Id });
        while (await CpuAsync(container.Id) == usage)
            await Task.Delay(20, Cancellation);
    }

    [TestMethod]
    [Timeout(TestMilliseconds, CooperativeCancellation = true)]
    public async Task OutOfMemory_Container_IsKilledAndReported()
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        var oom = Agent.GetOOMEventAsync(new GetOOMEventRequest(), cancellationToken: stop.Token).ResponseAsync;
        var spec = Specs.Container("sh", "-c", "x=a; while :; do x=$x$x; done");
        spec.Linux.Resources.Memory = new LinuxMemory { Limit = 8 << 20, Swap = 8 << 20 };
        await using var container = await StartAsync(spec);
        Assert.AreEqual(137, await container.WaitAsync(""));
        Assert.AreEqual(container.Id, (await oom).ContainerId);
    }

    [TestMethod]
    [Timeout(TestMilliseconds, CooperativeCancellation = true)]
    public async Task Storage_DiskByPciPath_IsMountedForTheContainerAndUnmountedAfter()
    {
        var mountPoint = "/run/kata-containers/sandbox/storage/disk";
        var spec = Specs.Container("cat", "/mnt/on-disk");
        Specs.Mount(spec, "/mnt", "bind", mountPoint, "rbind", "ro");
        var disk = new Storage { Driver = "blk", Source = "10", Fstype = "ext4", Options = { "ro" }, MountPoint = mountPoint };
        for (var round = 0; round < 2; round++)
            Assert.AreEqual("from the disk\n", (await RunAsync(spec, disk)).Output);
    }

    [TestMethod]
    [Timeout(TestMilliseconds, CooperativeCancellation = true)]
    public async Task Storage_DiskThatNeverComes_FailsAndLeavesNothing()
    {
        var disk = new Storage { Driver = "blk", Source = "1f", Fstype = "ext4", MountPoint = "/run/kata-containers/sandbox/storage/none" };
        var request = new CreateContainerRequest { ContainerId = "no-disk", OCI = Specs.Container("true") };
        request.Storages.Add(disk);
        var error = await AssertCode(StatusCode.DeadlineExceeded, () => Agent.CreateContainerAsync(request));
        StringAssert.Contains(error.Status.Detail, "1f");
        Assert.AreEqual(0, (await RunAsync(Specs.Container("true"), id: "no-disk")).Status);
    }

    [TestMethod]
    [DataRow("../x")]
    [DataRow("a/b")]
    [DataRow("")]
    [DataRow("sandbox")]
    [Timeout(TestMilliseconds, CooperativeCancellation = true)]
    public Task CreateContainer_PathLikeId_IsInvalidArgument(string id) => AssertCode(
        StatusCode.InvalidArgument, () => Agent.CreateContainerAsync(new CreateContainerRequest { ContainerId = id, OCI = Specs.Container("true") }));

    [TestMethod]
    [Timeout(TestMilliseconds, CooperativeCancellation = true)]
    public async Task Requests_ForWhatIsNotThere_HaveTheRuntimesCodes()
    {
        await AssertCode(StatusCode.NotFound, () => Agent.WaitProcessAsync(new WaitProcessRequest { ContainerId = "none" }));
        await AssertCode(StatusCode.NotFound, () => Agent.SignalProcessAsync(new SignalProcessRequest { ContainerId = "none", Signal = 9 }));
        await AssertCode(StatusCode.NotFound, () => Agent.ReadStdoutAsync(new ReadStreamRequest { ContainerId = "none", Len = 1 }));
        await AssertCode(StatusCode.Unimplemented, () => Agent.ResizeVolumeAsync(new ResizeVolumeRequest()));
        await using var container = await StartAsync(Specs.Container("sleep", "1000"));
        await AssertCode(StatusCode.Unavailable, () => Agent.TtyWinResizeAsync(new TtyWinResizeRequest { ContainerId = container.Id, Row = 1, Column = 1 }));
        await AssertCode(StatusCode.AlreadyExists, () => Agent.CreateContainerAsync(new CreateContainerRequest { ContainerId = container.Id, OCI = Specs.Container("true") }));
    }

    [TestMethod]
    [Timeout(TestMilliseconds, CooperativeCancellation = true)]
    public async Task Network_InterfaceAndRoutes_AreSeenByContainers()
    {
        await Agent.UpdateInterfaceAsync(new UpdateInterfaceRequest
        {
            Interface = new Interface
            {
                Name = "eth0",
                HwAddr = "02:00:00:00:00:09",
                Mtu = 1400,
                IPAddresses = { new IPAddress { Address = "10.7.0.2", Mask = "24" } },
            },
        });
        var routes = await Agent.UpdateRoutesAsync(new UpdateRoutesRequest
        {
            Routes = new Routes { Routes_ = { new Route { Gateway = "10.7.0.1", Device = "eth0" }, new Route { Dest = "10.8.0.0/16", Device = "eth0", Scope = 253 } } },
        });
        Assert.IsTrue(routes.Routes_.Any(route => route.Dest == "" && route.Gateway == "10.7.0.1"));
        await Agent.AddARPNeighborsAsync(new AddARPNeighborsRequest
        {
            Neighbors = new ARPNeighbors
            {
                ARPNeighbors_ = { new ARPNeighbor { ToIPAddress = new IPAddress { Address = "10.7.0.1" }, Device = "eth0", Lladdr = "02:00:00:00:00:01" } },
            },
        });

        var link = (await Agent.ListInterfacesAsync(new ListInterfacesRequest())).Interfaces_.Single();
        Assert.AreEqual(("eth0", 1400ul, "10.7.0.2"), (link.Name, link.Mtu, link.IPAddresses[0].Address));
        var seen = (await RunAsync(Specs.Container("sh", "-c", "ip addr; ip route; ip neigh"))).Output;
        StringAssert.Contains(seen, "inet 10.7.0.2/24");
        StringAssert.Contains(seen, "127.0.0.1");
        StringAssert.Contains(seen, "10.8.0.0/16 dev eth0");
        StringAssert.Contains(seen, "02:00:00:00:00:01");
        await AssertCode(StatusCode.InvalidArgument, () => Agent.UpdateRoutesAsync(
            new UpdateRoutesRequest { Routes = new Routes { Routes_ = { new Route { Dest = "10.9.0.0/16", Device = "eth9" } } } }));
    }

    [TestMethod]
    [Timeout(TestMilliseconds, CooperativeCancellation = true)]
    public async Task Guest_ClockVolumesMetricsAndProcessors_AreServed()
    {
        var now = DateTimeOffset.UtcNow;
        await Agent.SetGuestDateTimeAsync(new SetGuestDateTimeRequest { Sec = now.ToUnixTimeSeconds(), Usec = 5 });
        await Agent.ReseedRandomDevAsync(new ReseedRandomDevRequest { Data = ByteString.CopyFrom(RandomNumberGenerator.GetBytes(64)) });
        await Agent.OnlineCPUMemAsync(new OnlineCPUMemRequest { NbCpus = 1 });
        var stats = await Agent.GetVolumeStatsAsync(new VolumeStatsRequest { VolumeGuestPath = "/run/kata-containers/sandbox/shm" });
        Assert.AreEqual(67108864u, stats.Usage.Single(usage => usage.Unit == VolumeUsage.Types.Unit.Bytes).Total);
        StringAssert.Contains((await Agent.GetMetricsAsync(new GetMetricsRequest())).Metrics_, "kata_guest_meminfo{item=\"memtotal\"}");
    }

    [TestMethod]
    [Timeout(TestMilliseconds, CooperativeCancellation = true)]
    public async Task Containers_ManyAtOnceAndAgain_LeaveNoDescriptorBehind()
    {
        await RunAsync(Specs.Container("true"));
        var before = await DescriptorsAsync();
        for (var round = 0; round < 2; round++)
        {
            var results = await Task.WhenAll(Enumerable.Range(0, 5).Select(i => RunAsync(Specs.Container("sh", "-c", $"echo {i}; exit {i}"))));
            for (var i = 0; i < results.Length; i++)
                Assert.AreEqual((i, $"{i}\n"), (results[i].Status, results[i].Output));
        }

        await using (var container = await StartAsync(Specs.Container("sleep", "1000")))
        {
            var execs = await Task.WhenAll(Enumerable.Range(0, 10).Select(i => container.ExecAsync($"e{i}", Specs.Process("cat"), $"{i}")));
            for (var i = 0; i < execs.Length; i++)
                Assert.AreEqual((0, $"{i}"), (execs[i].Status, execs[i].Output));
        }

        Assert.AreEqual(before, await DescriptorsAsync());
    }

    [TestMethod]
    [Timeout(TestMilliseconds, CooperativeCancellation = true)]
    public async Task CreateContainer_GivenUpByTheRuntime_LeavesNothing()
    {
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        var disk = new Storage { Driver = "blk", Source = "1e", Fstype = "ext4", MountPoint = "/run/kata-containers/sandbox/storage/later" };
        var request = new CreateContainerRequest { ContainerId = "given-up", OCI = Specs.Container("true"), Storages = { disk } };
        await AssertCode(StatusCode.DeadlineExceeded, () => Agent.CreateContainerAsync(request, deadline: DateTime.UtcNow.AddMilliseconds(500)));
        // As soon as the agent has cleaned up the id is free.
        while (true)
        {
            try
            {
                Assert.AreEqual(0, (await RunAsync(Specs.Container("true"), id: "given-up")).Status);
                return;
            }
            catch (RpcException e) when (e.StatusCode == StatusCode.AlreadyExists)
            {
                await Task.Delay(20, Cancellation);
            }
        }
    }

    [TestMethod]
    [Timeout(TestMilliseconds, CooperativeCancellation = true)]
    public async Task LogPort_Lines_AreTheRuntimesJson()
    {
        using var socket = new System.Net.Sockets.Socket(System.Net.Sockets.AddressFamily.Unix, System.Net.Sockets.SocketType.Stream, 0);
        await socket.ConnectAsync(new System.Net.Sockets.UnixDomainSocketEndPoint(s_machine.Vsock(1025).Path), Cancellation);
        await socket.SendAsync("CONNECT 1025\n"u8.ToArray(), Cancellation);
        await using var stream = new System.Net.Sockets.NetworkStream(socket);
        using var reader = new StreamReader(stream);
        StringAssert.StartsWith(await reader.ReadLineAsync(Cancellation), "OK ");
        using var line = System.Text.Json.JsonDocument.Parse((await reader.ReadLineAsync(Cancellation))!);
        StringAssert.Matches(line.RootElement.GetProperty("level").GetString(), new("^(DEBG|INFO|WARN)$"));
    }

    private static async Task<string> DescriptorsAsync() =>
        (await Agent.GetMetricsAsync(new GetMetricsRequest())).Metrics_.Split('\n').Single(line => line.StartsWith("kata_agent_process_open_fds ", StringComparison.Ordinal));

    private static async Task<ulong> CpuAsync(string id) =>
        (await Agent.StatsContainerAsync(new StatsContainerRequest { ContainerId = id })).CgroupStats.CpuStats.CpuUsage.TotalUsage;

    private static async Task<RpcException> AssertCode<T>(StatusCode code, Func<AsyncUnaryCall<T>> call)
    {
        var error = await Assert.ThrowsExactlyAsync<RpcException>(async () => await call());
        Assert.AreEqual(code, error.StatusCode, error.Status.Detail);
        return error;
    }

    private static Task<GuestContainer> StartAsync(Spec spec) => GuestContainer.StartAsync(Agent, spec);

    private static async Task<(int Status, string Output, string Error)> RunAsync(Spec spec, Storage? storage = null, string? id = null)
    {
        await using var container = await GuestContainer.StartAsync(Agent, spec, storage, id);
        var output = container.ReadToEndAsync("");
        var error = container.ReadToEndAsync("", error: true);
        return (await container.WaitAsync(""), await output, await error);
    }
}
