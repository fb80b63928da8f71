using Grpc.Core;
using Kata.Protocols;
using Kata.Protocols.Containerd.Task;
using Kata.Protocols.Oci;
using Kata.Shim.Tests.Fakes;
using TaskStatus = Kata.Protocols.Containerd.Task.Status;

namespace Kata.Shim.Tests.Services;

/// <content>Execs.</content>
public sealed partial class TaskServiceTests
{
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
}
