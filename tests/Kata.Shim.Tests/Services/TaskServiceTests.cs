using Grpc.Core;
using Kata.Protocols;
using Kata.Protocols.Containerd.Task;
using Kata.Protocols.Oci;
using Kata.Shim.Tests.Fakes;
using TaskStatus = Kata.Protocols.Containerd.Task.Status;

namespace Kata.Shim.Tests.Services;

/// <summary>The whole life of containers through the task service: real daemon and ttrpc, fake VM.</summary>
[TestClass]
public sealed class TaskServiceTests
{
    public TestContext TestContext { get; set; } = null!;

    [TestMethod]
    public async Task Lifecycle_OneContainer_HasContainerdsEventsAndLeavesNothing()
    {
        var shim = await ShimFixture.StartAsync();
        var created = await shim.Task.CreateAsync(shim.CreateRequest());
        Assert.AreEqual((uint)shim.Provider.Vm!.Id, created.Pid);
        Assert.AreEqual(TaskStatus.Created, (await StateAsync(shim)).Status);
        Assert.IsTrue(File.Exists($"{shim.StateRoot}/c1/state.json"));

        var started = await shim.Task.StartAsync(new StartRequest { Id = "c1" });
        Assert.AreEqual(created.Pid, started.Pid);
        Assert.AreEqual(TaskStatus.Running, (await StateAsync(shim)).Status);
        var waiting = shim.Task.WaitAsync(new WaitRequest { Id = "c1" }).ResponseAsync;

        shim.Agent.Process("c1").Exit(42);
        var exit = await waiting;
        Assert.AreEqual(42u, exit.ExitStatus);
        Assert.IsNull(Linux.ProcessTable.StartTimeOf((int)created.Pid));
        var state = await StateAsync(shim);
        Assert.AreEqual(TaskStatus.Stopped, state.Status);
        Assert.AreEqual(exit.ExitedAt, state.ExitedAt);

        var deleted = await shim.Task.DeleteAsync(new DeleteRequest { Id = "c1" });
        Assert.AreEqual(42u, deleted.ExitStatus);
        Assert.AreEqual(created.Pid, deleted.Pid);
        await AssertFailsAsync(StatusCode.NotFound, StateAsync(shim));
        await shim.Task.ShutdownAsync(new ShutdownRequest { Id = "c1" });
        await shim.Serving.WaitAsync(TimeSpan.FromSeconds(20));

        Assert.IsFalse(shim.HasState);
        Assert.IsFalse(File.Exists(shim.SocketPath));
        CollectionAssert.AreEqual(new[] { "create c1", "start c1", "exit c1 c1 42", "delete c1 42" }, shim.Containerd.Summary);
        Assert.AreEqual("/tasks/exit", shim.Containerd.Envelopes.ToArray()[2].Topic);
        Assert.AreEqual("test", shim.Containerd.Envelopes.First().Namespace);
        await shim.DisposeAsync();
    }

    [TestMethod]
    public async Task Shutdown_WhileAContainerExists_IsIgnored()
    {
        await using var shim = await ShimFixture.StartAsync();
        await shim.RunAsync();

        await shim.Task.ShutdownAsync(new ShutdownRequest { Id = "c1" });

        Assert.AreEqual(TaskStatus.Running, (await StateAsync(shim)).Status);
    }

    [TestMethod]
    public async Task Shutdown_Now_EndsEverything()
    {
        await using var shim = await ShimFixture.StartAsync();
        await shim.RunAsync();

        await shim.Task.ShutdownAsync(new ShutdownRequest { Id = "c1", Now = true });
        await shim.Serving.WaitAsync(TimeSpan.FromSeconds(20));

        Assert.IsFalse(shim.HasState);
        CollectionAssert.AreEqual(new[] { "create c1", "start c1", "exit c1 c1 137" }, shim.Containerd.Summary);
    }

    [TestMethod]
    public async Task Version3Name_IsTheSameService()
    {
        await using var shim = await ShimFixture.StartAsync();
        var method = new Method<ConnectRequest, ConnectResponse>(
            MethodType.Unary,
            "containerd.task.v3.Task",
            "Connect",
            Marshallers.Create<ConnectRequest>(m => Google.Protobuf.MessageExtensions.ToByteArray(m), ConnectRequest.Parser.ParseFrom),
            Marshallers.Create<ConnectResponse>(m => Google.Protobuf.MessageExtensions.ToByteArray(m), ConnectResponse.Parser.ParseFrom));

        var response = await shim.Channel.AsyncUnaryCall(method, null, default, new ConnectRequest { Id = "unknown" });

        Assert.AreEqual((uint)Environment.ProcessId, response.ShimPid);
        Assert.AreEqual(0u, response.TaskPid);
    }

    [TestMethod]
    public async Task UnknownContainer_EveryCall_IsNotFound()
    {
        await using var shim = await ShimFixture.StartAsync();
        var task = shim.Task;

        await AssertFailsAsync(StatusCode.NotFound, StateAsync(shim));
        await AssertFailsAsync(StatusCode.NotFound, task.StartAsync(new StartRequest { Id = "c1" }).ResponseAsync);
        await AssertFailsAsync(StatusCode.NotFound, task.WaitAsync(new WaitRequest { Id = "c1" }).ResponseAsync);
        await AssertFailsAsync(StatusCode.NotFound, task.KillAsync(new KillRequest { Id = "c1", Signal = 9 }).ResponseAsync);
        await AssertFailsAsync(StatusCode.NotFound, task.DeleteAsync(new DeleteRequest { Id = "c1" }).ResponseAsync);
        await AssertFailsAsync(StatusCode.NotFound, task.ExecAsync(ShimFixture.ExecRequest("e")).ResponseAsync);
        await AssertFailsAsync(StatusCode.NotFound, task.ResizePtyAsync(new ResizePtyRequest { Id = "c1" }).ResponseAsync);
        await AssertFailsAsync(StatusCode.NotFound, task.CloseIOAsync(new CloseIORequest { Id = "c1" }).ResponseAsync);
        await AssertFailsAsync(StatusCode.NotFound, task.PidsAsync(new PidsRequest { Id = "c1" }).ResponseAsync);
        await AssertFailsAsync(StatusCode.NotFound, task.PauseAsync(new PauseRequest { Id = "c1" }).ResponseAsync);
        await AssertFailsAsync(StatusCode.NotFound, task.ResumeAsync(new ResumeRequest { Id = "c1" }).ResponseAsync);
        await AssertFailsAsync(StatusCode.NotFound, task.UpdateAsync(new UpdateTaskRequest { Id = "c1" }).ResponseAsync);
        await AssertFailsAsync(StatusCode.NotFound, task.StatsAsync(new StatsRequest { Id = "c1" }).ResponseAsync);
        await AssertFailsAsync(StatusCode.Unimplemented, task.CheckpointAsync(new CheckpointTaskRequest { Id = "c1" }).ResponseAsync);
    }

    [TestMethod]
    public async Task Create_BadRequests_SayWhatIsWrongAndLeaveNothing()
    {
        await using var shim = await ShimFixture.StartAsync();

        var request = shim.CreateRequest("../x");
        StringAssert.Contains(await AssertFailsAsync(StatusCode.InvalidArgument, CreateAsync(shim, request)), "\"../x\" is not an identifier");
        request = shim.CreateRequest();
        request.Bundle = "/no/such/bundle";
        StringAssert.Contains(await AssertFailsAsync(StatusCode.InvalidArgument, CreateAsync(shim, request)), "bundle /no/such/bundle");
        File.WriteAllText($"{shim.Bundle}/config.json", "{\n\"process\": 7 }");
        StringAssert.Contains(await AssertFailsAsync(StatusCode.InvalidArgument, CreateAsync(shim, shim.CreateRequest())), "config.json, line 2");
        File.WriteAllText($"{shim.Bundle}/config.json", """{ "root": { "path": "rootfs" } }""");
        StringAssert.Contains(await AssertFailsAsync(StatusCode.InvalidArgument, CreateAsync(shim, shim.CreateRequest())), "process.args is missing");
        File.Delete($"{shim.Bundle}/config.json");
        StringAssert.Contains(await AssertFailsAsync(StatusCode.InvalidArgument, CreateAsync(shim, shim.CreateRequest())), "config.json cannot be read");
        request = shim.CreateRequest();
        request.Checkpoint = "/images";
        await AssertFailsAsync(StatusCode.Unimplemented, CreateAsync(shim, request));

        Assert.IsFalse(shim.HasState);
        Assert.IsEmpty(shim.Containerd.Summary);
    }

    [TestMethod]
    public async Task Create_SameIdTwice_AlreadyExists()
    {
        await using var shim = await ShimFixture.StartAsync();
        await shim.Task.CreateAsync(shim.CreateRequest());

        await AssertFailsAsync(StatusCode.AlreadyExists, CreateAsync(shim, shim.CreateRequest()));
    }

    [TestMethod]
    public async Task Create_HypervisorOfAnotherPackage_NamesThePackage()
    {
        await using var shim = await ShimFixture.StartAsync();
        var path = $"{shim.Directory}/configuration.toml";
        File.WriteAllText(path, File.ReadAllText(path).Replace("fake", "dragonball", StringComparison.Ordinal));

        var message = await AssertFailsAsync(StatusCode.InvalidArgument, CreateAsync(shim, shim.CreateRequest()));

        StringAssert.Contains(message, "Kata.Vmm.Dragonball");
        Assert.IsFalse(shim.HasState);
    }

    [TestMethod]
    public async Task Create_VmThatDiesDuringBoot_IsToldWithItsLastWordsAndNoEvent()
    {
        await using var shim = await ShimFixture.StartAsync();
        shim.Provider.LastWords = "could not load kernel";
        shim.Provider.OnStart = async _ =>
        {
            shim.Provider.Vm!.Kill(Linux.Signal.SIGKILL);
            await shim.Provider.Vm.Exited;
        };

        var message = await AssertFailsAsync(StatusCode.Unavailable, CreateAsync(shim, shim.CreateRequest()));

        StringAssert.Contains(message, "could not load kernel");
        Assert.IsFalse(shim.HasState);
        await AssertFailsAsync(StatusCode.NotFound, shim.Task.DeleteAsync(new DeleteRequest { Id = "c1" }).ResponseAsync);
        await shim.Task.ShutdownAsync(new ShutdownRequest { Id = "c1" });
        await shim.Serving.WaitAsync(TimeSpan.FromSeconds(20));
        Assert.IsEmpty(shim.Containerd.Summary);
    }

    [TestMethod]
    public async Task Create_AgentRefuses_RollsBack()
    {
        await using var shim = await ShimFixture.StartAsync();
        shim.Provider.AgentStarted = agent => agent.OnCall = call => call == "CreateContainer"
            ? throw new RpcException(new Grpc.Core.Status(StatusCode.NotFound, "executable file `nope` not found in $PATH: No such file or directory"))
            : Task.CompletedTask;

        var message = await AssertFailsAsync(StatusCode.Unknown, CreateAsync(shim, shim.CreateRequest()));

        StringAssert.Contains(message, "not found in $PATH");
        Assert.IsTrue(shim.Provider.Vm!.Exited.IsCompleted);
        Assert.IsFalse(shim.HasState);
        Assert.IsEmpty(shim.Containerd.Summary);
    }

    [TestMethod]
    public async Task Create_DeletedHalfWay_IsAbandoned()
    {
        await using var shim = await ShimFixture.StartAsync();
        var preparing = new TaskCompletionSource();
        shim.Provider.OnPrepare = async token =>
        {
            preparing.SetResult();
            await Task.Delay(Timeout.Infinite, token);
        };
        var creating = CreateAsync(shim, shim.CreateRequest());
        await preparing.Task;

        await AssertFailsAsync(StatusCode.NotFound, shim.Task.DeleteAsync(new DeleteRequest { Id = "c1" }).ResponseAsync);

        await AssertFailsAsync(StatusCode.Cancelled, creating);
        Assert.IsFalse(shim.HasState);
        shim.Provider.OnPrepare = _ => Task.CompletedTask;
        await shim.RunAsync();
    }

    [TestMethod]
    public async Task Start_Twice_FailedPrecondition()
    {
        await using var shim = await ShimFixture.StartAsync();
        await shim.RunAsync();

        await AssertFailsAsync(StatusCode.FailedPrecondition, shim.Task.StartAsync(new StartRequest { Id = "c1" }).ResponseAsync);
    }

    [TestMethod]
    public async Task Start_Fails_HasNoStartEventAndCanBeDeleted()
    {
        await using var shim = await ShimFixture.StartAsync();
        await shim.Task.CreateAsync(shim.CreateRequest());
        shim.Agent.OnCall = call => call == "StartContainer" ? throw new RpcException(new Grpc.Core.Status(StatusCode.Internal, "no")) : Task.CompletedTask;

        await AssertFailsAsync(StatusCode.Internal, shim.Task.StartAsync(new StartRequest { Id = "c1" }).ResponseAsync);
        await shim.Task.WaitAsync(new WaitRequest { Id = "c1" });
        await shim.Task.DeleteAsync(new DeleteRequest { Id = "c1" });

        await shim.Containerd.WaitForAsync(events => events.Count == 3);
        CollectionAssert.AreEqual(new[] { "create c1", "exit c1 c1 137", "delete c1 137" }, shim.Containerd.Summary);
    }

    [TestMethod]
    public async Task Start_ProcessEndsMeanwhile_StartComesBeforeExit()
    {
        await using var shim = await ShimFixture.StartAsync();
        await shim.Task.CreateAsync(shim.CreateRequest());
        shim.Agent.OnCall = call =>
        {
            if (call == "StartContainer")
                shim.Agent.Process("c1").Exit(3);
            return Task.CompletedTask;
        };

        await shim.Task.StartAsync(new StartRequest { Id = "c1" });

        Assert.AreEqual(3u, (await shim.Task.WaitAsync(new WaitRequest { Id = "c1" })).ExitStatus);
        await shim.Containerd.WaitForAsync(events => events.Count == 3);
        CollectionAssert.AreEqual(new[] { "create c1", "start c1", "exit c1 c1 3" }, shim.Containerd.Summary);
    }

    [TestMethod]
    public async Task Delete_NeverStarted_EndsIt()
    {
        await using var shim = await ShimFixture.StartAsync();
        await shim.Task.CreateAsync(shim.CreateRequest());
        var waiting = shim.Task.WaitAsync(new WaitRequest { Id = "c1" }).ResponseAsync;

        Assert.AreEqual(137u, (await shim.Task.DeleteAsync(new DeleteRequest { Id = "c1" })).ExitStatus);

        Assert.AreEqual(137u, (await waiting).ExitStatus);
        Assert.IsFalse(shim.HasState);
    }

    [TestMethod]
    public async Task Delete_Running_FailedPrecondition()
    {
        await using var shim = await ShimFixture.StartAsync();
        await shim.RunAsync();

        await AssertFailsAsync(StatusCode.FailedPrecondition, shim.Task.DeleteAsync(new DeleteRequest { Id = "c1" }).ResponseAsync);
    }

    [TestMethod]
    public async Task Kill_Semantics()
    {
        await using var shim = await ShimFixture.StartAsync();
        var process = await shim.RunAsync();
        await AssertFailsAsync(StatusCode.InvalidArgument, shim.Task.KillAsync(new KillRequest { Id = "c1", Signal = 0 }).ResponseAsync);
        await AssertFailsAsync(StatusCode.InvalidArgument, shim.Task.KillAsync(new KillRequest { Id = "c1", Signal = 65 }).ResponseAsync);
        await AssertFailsAsync(StatusCode.NotFound, shim.Task.KillAsync(new KillRequest { Id = "c1", ExecId = "none", Signal = 9 }).ResponseAsync);
        await shim.Task.KillAsync(new KillRequest { Id = "c1", Signal = 10 });
        await shim.Task.KillAsync(new KillRequest { Id = "c1", Signal = 15 });

        Assert.AreEqual(143u, (await shim.Task.WaitAsync(new WaitRequest { Id = "c1" })).ExitStatus);
        CollectionAssert.AreEqual(new uint[] { 10, 15 }, process.Signals);
        await AssertFailsAsync(StatusCode.NotFound, shim.Task.KillAsync(new KillRequest { Id = "c1", Signal = 9 }).ResponseAsync);
    }

    [TestMethod]
    public async Task Kill_ProcessWithUnreadOutput_StillEnds()
    {
        await using var shim = await ShimFixture.StartAsync();
        var process = await shim.RunAsync(shim.CreateRequest(stdout: shim.Fifo("out")));
        process.Print(new byte[1 << 20]);
        process.IgnoresSignals = true;

        await shim.Task.KillAsync(new KillRequest { Id = "c1", Signal = 9, All = true });
        process.Exit(137, streamsEnd: false);

        var exit = await shim.Task.WaitAsync(new WaitRequest { Id = "c1" }).ResponseAsync.WaitAsync(TimeSpan.FromSeconds(20));
        Assert.AreEqual(137u, exit.ExitStatus);
    }

    [TestMethod]
    public async Task Wait_ManyAtOnce_AllGetTheSame()
    {
        await using var shim = await ShimFixture.StartAsync();
        var process = await shim.RunAsync();
        var waits = Enumerable.Range(0, 20).Select(_ => shim.Task.WaitAsync(new WaitRequest { Id = "c1" }).ResponseAsync).ToList();

        process.Exit(5);

        foreach (var response in await Task.WhenAll(waits))
            Assert.AreEqual(5u, response.ExitStatus);
        Assert.AreEqual(5u, (await shim.Task.WaitAsync(new WaitRequest { Id = "c1" })).ExitStatus);
    }

    [TestMethod]
    public async Task Exec_Lifecycle_HasItsOwnEvents()
    {
        await using var shim = await ShimFixture.StartAsync();
        var init = await shim.RunAsync();
        await shim.Task.ExecAsync(ShimFixture.ExecRequest("e1"));
        await AssertFailsAsync(StatusCode.AlreadyExists, shim.Task.ExecAsync(ShimFixture.ExecRequest("e1")).ResponseAsync);
        await AssertFailsAsync(StatusCode.FailedPrecondition, shim.Task.KillAsync(new KillRequest { Id = "c1", ExecId = "e1", Signal = 9 }).ResponseAsync);
        Assert.AreEqual(TaskStatus.Created, (await StateAsync(shim, "e1")).Status);
        Assert.AreNotEqual(0u, (await shim.Task.StartAsync(new StartRequest { Id = "c1", ExecId = "e1" })).Pid);
        Assert.AreEqual(TaskStatus.Running, (await StateAsync(shim, "e1")).Status);
        await AssertFailsAsync(StatusCode.FailedPrecondition, shim.Task.DeleteAsync(new DeleteRequest { Id = "c1", ExecId = "e1" }).ResponseAsync);
        var pids = await shim.Task.PidsAsync(new PidsRequest { Id = "c1" });
        Assert.HasCount(2, pids.Processes);

        shim.Agent.Process("c1", "e1").Exit(7);

        Assert.AreEqual(7u, (await shim.Task.WaitAsync(new WaitRequest { Id = "c1", ExecId = "e1" })).ExitStatus);
        Assert.AreEqual(7u, (await shim.Task.DeleteAsync(new DeleteRequest { Id = "c1", ExecId = "e1" })).ExitStatus);
        await AssertFailsAsync(StatusCode.NotFound, StateAsync(shim, "e1"));
        init.Exit(0);
        await shim.Task.WaitAsync(new WaitRequest { Id = "c1" });
        await shim.Containerd.WaitForAsync(events => events.Count == 6);
        CollectionAssert.AreEqual(
            new[] { "create c1", "start c1", "exec-added c1 e1", "exec-started c1 e1", "exit c1 e1 7", "exit c1 c1 0" }, shim.Containerd.Summary);
    }

    [TestMethod]
    public async Task Exec_BadRequests_AreRefused()
    {
        await using var shim = await ShimFixture.StartAsync();
        await shim.RunAsync();
        await AssertFailsAsync(StatusCode.InvalidArgument, shim.Task.ExecAsync(ShimFixture.ExecRequest("../e")).ResponseAsync);
        await AssertFailsAsync(StatusCode.InvalidArgument, shim.Task.ExecAsync(new ExecProcessRequest { Id = "c1", ExecId = "e" }).ResponseAsync);
        var broken = ShimFixture.ExecRequest("e");
        broken.Spec.Value = Google.Protobuf.ByteString.CopyFromUtf8("{");
        await AssertFailsAsync(StatusCode.InvalidArgument, shim.Task.ExecAsync(broken).ResponseAsync);
        await AssertFailsAsync(StatusCode.NotFound, StateAsync(shim, "e"));
    }

    [TestMethod]
    public async Task Exec_StartFails_CanBeDeletedAndWaitedFor()
    {
        await using var shim = await ShimFixture.StartAsync();
        await shim.RunAsync();
        await shim.Task.ExecAsync(ShimFixture.ExecRequest("e1"));
        shim.Agent.OnCall = call => call == "ExecProcess"
            ? throw new RpcException(new Grpc.Core.Status(StatusCode.Internal, "executable file not found in $PATH"))
            : Task.CompletedTask;

        var message = await AssertFailsAsync(StatusCode.Internal, shim.Task.StartAsync(new StartRequest { Id = "c1", ExecId = "e1" }).ResponseAsync);

        StringAssert.Contains(message, "executable file not found in $PATH");
        await shim.Task.WaitAsync(new WaitRequest { Id = "c1", ExecId = "e1" });
        await shim.Task.DeleteAsync(new DeleteRequest { Id = "c1", ExecId = "e1" });
    }

    [TestMethod]
    public async Task Exec_NeverStarted_CanBeDeleted()
    {
        await using var shim = await ShimFixture.StartAsync();
        await shim.RunAsync();
        await shim.Task.ExecAsync(ShimFixture.ExecRequest("e1"));

        await shim.Task.DeleteAsync(new DeleteRequest { Id = "c1", ExecId = "e1" });

        await AssertFailsAsync(StatusCode.NotFound, StateAsync(shim, "e1"));
    }

    [TestMethod]
    public async Task Exec_InitEnds_ExecExitsComeFirst()
    {
        await using var shim = await ShimFixture.StartAsync();
        var init = await shim.RunAsync();
        foreach (var execId in new[] { "e1", "e2" })
        {
            await shim.Task.ExecAsync(ShimFixture.ExecRequest(execId));
            await shim.Task.StartAsync(new StartRequest { Id = "c1", ExecId = execId });
        }

        init.Exit(0);
        await shim.Task.WaitAsync(new WaitRequest { Id = "c1" });

        await shim.Containerd.WaitForAsync(events => events.Count(e => e.StartsWith("exit", StringComparison.Ordinal)) == 3);
        Assert.AreEqual("exit c1 c1 0", shim.Containerd.Summary[^1]);
        await AssertFailsAsync(StatusCode.FailedPrecondition, shim.Task.ExecAsync(ShimFixture.ExecRequest("e3")).ResponseAsync);
    }

    [TestMethod]
    public async Task PauseAndResume_ChangeStatesOfAllProcesses()
    {
        await using var shim = await ShimFixture.StartAsync();
        await shim.RunAsync();
        await shim.Task.ExecAsync(ShimFixture.ExecRequest("e1"));
        await shim.Task.StartAsync(new StartRequest { Id = "c1", ExecId = "e1" });
        await AssertFailsAsync(StatusCode.FailedPrecondition, shim.Task.ResumeAsync(new ResumeRequest { Id = "c1" }).ResponseAsync);

        await shim.Task.PauseAsync(new PauseRequest { Id = "c1" });

        Assert.AreEqual(TaskStatus.Paused, (await StateAsync(shim)).Status);
        Assert.AreEqual(TaskStatus.Paused, (await StateAsync(shim, "e1")).Status);
        await AssertFailsAsync(StatusCode.FailedPrecondition, shim.Task.PauseAsync(new PauseRequest { Id = "c1" }).ResponseAsync);
        await AssertFailsAsync(StatusCode.FailedPrecondition, shim.Task.ExecAsync(ShimFixture.ExecRequest("e2")).ResponseAsync);
        await shim.Task.ResumeAsync(new ResumeRequest { Id = "c1" });
        Assert.AreEqual(TaskStatus.Running, (await StateAsync(shim)).Status);
        await shim.Containerd.WaitForAsync(events => events.Contains("paused c1") && events.Contains("resumed c1"));
    }

    [TestMethod]
    public async Task UpdateStatsResize_ReachTheGuest()
    {
        await using var shim = await ShimFixture.StartAsync();
        var request = shim.CreateRequest(terminal: true);
        await shim.Task.CreateAsync(request);
        await shim.Task.ResizePtyAsync(new ResizePtyRequest { Id = "c1", Width = 100, Height = 40 });
        await shim.Task.StartAsync(new StartRequest { Id = "c1" });
        await shim.Task.ResizePtyAsync(new ResizePtyRequest { Id = "c1", Width = 80, Height = 24 });
        await shim.Task.UpdateAsync(new UpdateTaskRequest
        {
            Id = "c1",
            Resources = AnyPayload.Pack(new LinuxResources { Memory = new LinuxMemory { Limit = 1234 } }),
        });

        var stats = await shim.Task.StatsAsync(new StatsRequest { Id = "c1" });

        CollectionAssert.AreEqual(new[] { (100u, 40u), (80u, 24u) }, shim.Agent.Process("c1").Sizes);
        Assert.Contains("UpdateContainer 1234", shim.Agent.Calls);
        StringAssert.StartsWith(stats.Stats.TypeUrl, "io.containerd.cgroups.v");
        await AssertFailsAsync(StatusCode.InvalidArgument, shim.Task.UpdateAsync(new UpdateTaskRequest { Id = "c1" }).ResponseAsync);
    }

    [TestMethod]
    public async Task OutOfMemory_InTheGuest_IsAnEvent()
    {
        await using var shim = await ShimFixture.StartAsync();
        await shim.RunAsync();

        shim.Agent.ReportOutOfMemory("c1");

        await shim.Containerd.WaitForAsync(events => events.Contains("oom c1"));
    }

    internal static async Task<string> AssertFailsAsync(StatusCode code, Task call)
    {
        var exception = await Assert.ThrowsExactlyAsync<RpcException>(() => call);
        Assert.AreEqual(code, exception.StatusCode, exception.Status.Detail);
        return exception.Status.Detail;
    }

    private static Task<StateResponse> StateAsync(ShimFixture shim, string execId = "") =>
        shim.Task.StateAsync(new StateRequest { Id = "c1", ExecId = execId }).ResponseAsync;

    private static Task CreateAsync(ShimFixture shim, CreateTaskRequest request) => shim.Task.CreateAsync(request).ResponseAsync;
}
