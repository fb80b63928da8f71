using Grpc.Core;
using Kata.Protocols;
using Kata.Protocols.Containerd.Task;
using Kata.Protocols.Oci;
using Kata.Shim.Tests.Fakes;
using TaskStatus = Kata.Protocols.Containerd.Task.Status;

namespace Kata.Shim.Tests.Services;

/// <summary>The whole life of containers through the task service: real daemon and ttrpc, fake VM.</summary>
[TestClass]
public sealed partial class TaskServiceTests
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
