using Grpc.Core;
using Kata.EndToEnd.Tests.Harness;
using Kata.Protocols.Oci;
using Status = Kata.Protocols.Containerd.Task.Status;

namespace Kata.EndToEnd.Tests.Scenarios;

[TestClass]
public sealed class ExecTests : SharedContainerTest
{
    [ClassInitialize]
    public static Task StartAsync(TestContext context) => StartSharedAsync(new(), "sh", "-c", "sleep 100000 & echo ready; wait");

    [TestMethod]
    [DataRow("exit 0", 0U)]
    [DataRow("exit 1", 1U)]
    [DataRow("exit 42", 42U)]
    [DataRow("kill -TERM $$", 143U)]
    [DataRow("kill -KILL $$", 137U)]
    public async Task Exec_ProcessEnds_ReportsItsStatus(string command, uint status)
    {
        var result = await Shared.ShellAsync($"echo out; echo err >&2; {command}");

        Assert.AreEqual(new(status, "out\n", "err\n"), result);
    }

    [TestMethod]
    public async Task Exec_EnvironmentDirectoryAndUser_AreTheProcesses()
    {
        var options = new ExecOptions
        {
            Configure = p => p with
            {
                Env = ["PATH=/bin", "GREETING=hello wörld", "EMPTY="],
                Cwd = "/home/user",
                User = new User { Uid = 1000, Gid = 1000, AdditionalGids = [2000] },
            },
        };

        string output = (await Shared.ExecAsync(options, "sh", "-c", "echo \"$GREETING\"; echo ${EMPTY-unset}.; pwd; id")).Succeeded();

        Assert.AreEqual("hello wörld\n.\n/home/user\nuid=1000(user) gid=1000(user) groups=2000(extra)\n", output);
    }

    [TestMethod]
    public async Task Exec_ManyArguments_ArriveUnchanged()
    {
        string large = new('x', 100_000);

        string output = (await Shared.ExecAsync(new(), "printf", "[%s]", "", "a b", "\"'$`\\", "é\n", large)).Succeeded();

        Assert.AreEqual($"[][a b][\"'$`\\][é\n][{large}]", output);
    }

    [TestMethod]
    public async Task Exec_InputPipedAndClosed_ReachesTheProcess()
    {
        var process = await Shared.StartExecAsync(new() { WithInput = true }, "cat");

        await process.Io.WriteAsync("first ");
        await process.Io.WaitForOutputAsync("first ");
        await process.Io.WriteAsync("second");
        await process.CloseInputAsync();

        Assert.AreEqual("first second", (await process.FinishAsync()).Succeeded());
    }

    [TestMethod]
    public async Task Exec_InputClosedBeforeStart_EndsAHundredTimes()
    {
        for (int i = 0; i < 100; i++)
        {
            var process = await Shared.AddExecAsync(new() { WithInput = true }, "cat");
            var close = process.CloseInputAsync();
            await process.StartAsync();
            await close;
            Assert.AreEqual("", (await process.FinishAsync()).Succeeded(), $"exec {i}");
            await process.DisposeAsync();
        }
    }

    [TestMethod]
    public async Task Exec_FiveAtOnce_KeepTheirStreamsApart()
    {
        var results = await Task.WhenAll(Enumerable.Range(0, 5).Select(i => Shared.ShellAsync($"seq {i}000 {i}999; exit {i}")));

        for (int i = 0; i < results.Length; i++)
        {
            Assert.AreEqual((uint)i, results[i].ExitStatus);
            Assert.AreEqual(string.Concat(Enumerable.Range(i * 1000, 1000).Select(n => $"{n}\n")), results[i].Output);
        }
    }

    [TestMethod]
    public async Task Exec_Terminal_HasSizeAndMergesStreams()
    {
        var process = await Shared.StartExecAsync(new() { Terminal = true, WithInput = true }, "sh");
        await process.ResizeAsync(123, 45);

        await process.Io.WriteAsync("stty size; echo to-stderr >&2; tty\n");
        await process.Io.WaitForOutputAsync("45 123");
        await process.Io.WaitForOutputAsync("/dev/pts/");
        await process.ResizeAsync(80, 24);
        await process.Io.WriteAsync("stty size; exit 3\n");

        var result = await process.FinishAsync();
        Assert.AreEqual(3U, result.ExitStatus);
        StringAssert.Contains(result.Output, "24 80");
        StringAssert.Contains(result.Output, "to-stderr");
    }

    [TestMethod]
    public async Task Exec_Events_AreInOrderAndOnce()
    {
        var process = await Shared.StartExecAsync(new() { Id = "observed" }, "sh", "-c", "exit 5");
        await process.FinishAsync();

        await Eventually.GetAsync(() => Shared.Events.FirstOrDefault(e => e is { ExecId: "observed", Topic: "/tasks/exit" }), "exit event");
        var events = Shared.Events.Where(e => e.ExecId == "observed").ToArray();
        CollectionAssert.AreEqual(
            new[] { "/tasks/exec-added", "/tasks/exec-started", "/tasks/exit" },
            events.Select(e => e.Topic).ToArray());
        Assert.AreEqual(5U, events[2].ExitStatus);
        Assert.AreEqual(process.Pid, events[1].Pid);
        Assert.AreEqual(process.Pid, events[2].Pid);
    }

    [TestMethod]
    [DataRow("no-such-program", "no-such-program")]
    [DataRow("/etc/not-executable", "permission denied")]
    public async Task Exec_ImpossibleProgram_FailsOnStartWithReason(string program, string reason)
    {
        var process = await Shared.AddExecAsync(new(), program);

        var e = await Assert.ThrowsExactlyAsync<RpcException>(process.StartAsync);

        StringAssert.Contains(e.Status.Detail.ToUpperInvariant(), reason.ToUpperInvariant());
        await process.DeleteAsync();
        await AssertRpcFailsAsync(StatusCode.NotFound, process.StateAsync);
    }

    [TestMethod]
    public async Task Exec_DuplicateId_IsRefused()
    {
        var process = await Shared.AddExecAsync(new() { Id = "twice" }, "true");

        await AssertRpcFailsAsync(
            StatusCode.AlreadyExists,
            () => Host.Client.Tasks.ExecAsync(new()
            {
                ContainerId = Shared.Id,
                ExecId = "twice",
                Spec = Kata.Protocols.AnyPayload.Pack(Specs.Process("true")),
            }).ResponseAsync);

        Assert.AreEqual(Status.Created, (await process.StateAsync()).Status);
        await process.DeleteAsync();
    }

    [TestMethod]
    public async Task Exec_Unknown_IsNotFound()
    {
        var unknown = new ContainerProcess(Host.Client.Tasks, Shared.Id, "unknown", null);

        await AssertRpcFailsAsync(StatusCode.NotFound, unknown.StateAsync);
        await AssertRpcFailsAsync(StatusCode.NotFound, unknown.WaitAsync);
        await AssertRpcFailsAsync(StatusCode.NotFound, () => unknown.KillAsync(9));
        await AssertRpcFailsAsync(StatusCode.NotFound, unknown.DeleteAsync);
    }

    [TestMethod]
    public async Task Kill_RunningExec_EndsItOnly()
    {
        var process = await Shared.StartExecAsync(new(), "sleep", "1000");
        await AssertRpcFailsAsync(StatusCode.FailedPrecondition, process.DeleteAsync, runc: StatusCode.Unknown);
        var others = new[] { process.WaitAsync(), process.WaitAsync() };

        await process.KillAsync(15);

        Assert.AreEqual(143U, await process.ExitAsync());
        foreach (var other in others)
            Assert.AreEqual(143U, (await other.WaitAsync(Eventually.Patience)).ExitStatus);
        await AssertRpcFailsAsync(StatusCode.NotFound, () => process.KillAsync(9));
        Assert.AreEqual(143U, (await process.FinishAsync()).ExitStatus);
        Assert.AreEqual(Status.Running, (await Shared.Init.StateAsync()).Status);
    }

    [TestMethod]
    public async Task Exec_ChildKeepsTheOutputOpen_ExitIsReportedAtOnce()
    {
        var process = await Shared.StartExecAsync(new() { Id = "parent" }, "sh", "-c", "sleep 777 & exit 7");

        Assert.AreEqual(7U, await process.ExitAsync());

        (await Shared.ShellAsync("kill $(ps -o pid,args | sed -n 's/^ *\\([0-9]*\\) sleep 777$/\\1/p')")).Succeeded();
        Assert.AreEqual(7U, (await process.FinishAsync()).ExitStatus);
    }
}
