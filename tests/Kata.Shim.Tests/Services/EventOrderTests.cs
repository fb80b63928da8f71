using CsCheck;
using Grpc.Core;
using Kata.Protocols.Containerd.Task;
using Kata.Shim.Tests.Fakes;

namespace Kata.Shim.Tests.Services;

/// <summary>Whatever clients do in whatever order: every process has the events containerd expects, once and in order.</summary>
[TestClass]
public sealed class EventOrderTests
{
    private const int Execs = 3;

    [TestMethod]
    public Task AnySequenceOfCalls_EventsFollowTheRules() =>
        Gen.Int[0, 11].List[5, 40].SampleAsync(RunAsync, iter: 25, threads: 1);

    private static async Task RunAsync(List<int> operations)
    {
        await using var shim = await ShimFixture.StartAsync();
        await shim.Task.CreateAsync(shim.CreateRequest());
        var pending = new List<Task>();
        for (var i = 0; i < operations.Count; i++)
        {
            var call = CallAsync(shim, operations[i], $"e{i % Execs}");
            if (i % 4 == 3)
                await call;
            else
                pending.Add(call);
        }

        await Task.WhenAll(pending);
        await TryAsync(() => shim.Task.KillAsync(new KillRequest { Id = "c1", Signal = 9 }).ResponseAsync);
        await TryAsync(() => shim.Task.WaitAsync(new WaitRequest { Id = "c1" }).ResponseAsync);
        await TryAsync(() => shim.Task.DeleteAsync(new DeleteRequest { Id = "c1" }).ResponseAsync);
        await shim.Containerd.WaitForAsync(events => events.Exists(e => e.StartsWith("delete c1", StringComparison.Ordinal)));

        Check(shim.Containerd.Summary);
    }

    private static Task CallAsync(ShimFixture shim, int operation, string execId) => TryAsync(() => operation switch
    {
        0 => shim.Task.StartAsync(new StartRequest { Id = "c1" }).ResponseAsync,
        1 or 2 => shim.Task.ExecAsync(ShimFixture.ExecRequest(execId)).ResponseAsync,
        3 or 4 => shim.Task.StartAsync(new StartRequest { Id = "c1", ExecId = execId }).ResponseAsync,
        5 => shim.Task.KillAsync(new KillRequest { Id = "c1", ExecId = execId, Signal = 9 }).ResponseAsync,
        6 => shim.Task.DeleteAsync(new DeleteRequest { Id = "c1", ExecId = execId }).ResponseAsync,
        7 => shim.Task.PauseAsync(new PauseRequest { Id = "c1" }).ResponseAsync,
        8 => shim.Task.ResumeAsync(new ResumeRequest { Id = "c1" }).ResponseAsync,
        9 => shim.Task.StateAsync(new StateRequest { Id = "c1", ExecId = execId }).ResponseAsync,
        10 => Task.Run(() => EndExec(shim, execId)),
        _ => shim.Task.CloseIOAsync(new CloseIORequest { Id = "c1", ExecId = execId, Stdin = true }).ResponseAsync,
    });

    private static void EndExec(ShimFixture shim, string execId)
    {
        if (shim.Agent.Has("c1", execId))
            shim.Agent.Process("c1", execId).Exit(0);
    }

    private static async Task TryAsync(Func<Task> call)
    {
        try
        {
            await call().WaitAsync(TimeSpan.FromSeconds(30));
        }
        catch (RpcException exception)
        {
            Assert.Contains(exception.StatusCode, [StatusCode.NotFound, StatusCode.AlreadyExists, StatusCode.FailedPrecondition]);
        }
    }

    private static void Check(List<string> events)
    {
        var text = string.Join(", ", events);
        Assert.AreEqual("create c1", events[0], text);
        Assert.AreEqual("delete c1 137", events[^1], text);
        Assert.AreEqual("exit c1 c1 137", events[^2], text);
        Assert.IsLessThanOrEqualTo(1, events.Count(e => e == "start c1"), text);
        for (var i = 0; i < Execs; i++)
            CheckExec(events, $"e{i}", text);
        var paused = false;
        foreach (var change in events.Where(e => e is "paused c1" or "resumed c1"))
        {
            Assert.AreEqual(!paused, change == "paused c1", text);
            paused = !paused;
        }
    }

    // An exec id may be used again after its deletion, so these may repeat, but only in this order.
    private static void CheckExec(List<string> events, string execId, string text)
    {
        var state = "none";
        foreach (var happened in events)
        {
            if (happened == $"exec-added c1 {execId}")
                state = state is "none" or "added" or "exited" ? "added" : Fail(text);
            else if (happened == $"exec-started c1 {execId}")
                state = state == "added" ? "started" : Fail(text);
            else if (happened.StartsWith($"exit c1 {execId} ", StringComparison.Ordinal))
                state = state == "started" ? "exited" : Fail(text);
        }

        Assert.AreNotEqual("started", state, text);
    }

    private static string Fail(string text) => throw new AssertFailedException(text);
}
