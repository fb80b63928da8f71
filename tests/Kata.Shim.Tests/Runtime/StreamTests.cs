using System.Security.Cryptography;
using System.Text;
using Kata.Linux;
using Kata.Protocols.Containerd.Task;
using Kata.Shim.Tests.Fakes;

namespace Kata.Shim.Tests.Runtime;

/// <summary>Streams of processes through the whole daemon.</summary>
[TestClass]
public sealed class StreamTests
{
    [TestMethod]
    public async Task Output_BothStreams_ArriveSeparatelyAndEndBeforeTheExit()
    {
        await using var shim = await ShimFixture.StartAsync();
        var (stdout, stderr) = (shim.Fifo("out"), shim.Fifo("err"));
        var readingOut = Task.Run(() => File.ReadAllText(stdout));
        var readingErr = Task.Run(() => File.ReadAllText(stderr));
        var process = await shim.RunAsync(shim.CreateRequest(stdout: stdout, stderr: stderr));
        process.Print("to out");
        process.PrintError("to err");
        process.Exit(0);

        await shim.Task.WaitAsync(new WaitRequest { Id = "c1" });

        Assert.AreEqual("to out", await readingOut);
        Assert.AreEqual("to err", await readingErr);
    }

    [TestMethod]
    public async Task Output_Large_ArrivesUnchanged()
    {
        await using var shim = await ShimFixture.StartAsync();
        var stdout = shim.Fifo("out");
        var reading = Task.Run(() =>
        {
            using var file = File.OpenRead(stdout);
            return Convert.ToHexString(SHA256.HashData(file));
        });
        var process = await shim.RunAsync(shim.CreateRequest(stdout: stdout));
        using var expected = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        for (var i = 0; i < 400; i++)
        {
            var chunk = new byte[50_000];
            Random.Shared.NextBytes(chunk);
            expected.AppendData(chunk);
            process.Print(chunk);
        }

        process.Exit(0);

        Assert.AreEqual(Convert.ToHexString(expected.GetHashAndReset()), await reading);
    }

    [TestMethod]
    public async Task Input_PipedThenClosed_ReachesTheProcessWithItsEnd()
    {
        await using var shim = await ShimFixture.StartAsync();
        var stdin = shim.Fifo("in");
        var process = await shim.RunAsync(shim.CreateRequest(stdin: stdin));
        using (var client = FileDescriptors.Open(stdin, OpenFlags.WriteOnly))
            FileDescriptors.WriteAll(client, "some input"u8);
        await shim.Task.CloseIOAsync(new CloseIORequest { Id = "c1", Stdin = true });
        await shim.Task.CloseIOAsync(new CloseIORequest { Id = "c1", Stdin = true });

        Assert.AreEqual("some input", await process.ReadStdinToEndAsync().WaitAsync(TimeSpan.FromSeconds(20)));
    }

    [TestMethod]
    public async Task Input_ClosedBeforeStart_ReachesTheProcess()
    {
        await using var shim = await ShimFixture.StartAsync();
        var stdin = shim.Fifo("in");
        await shim.Task.CreateAsync(shim.CreateRequest(stdin: stdin));
        using (var client = FileDescriptors.Open(stdin, OpenFlags.WriteOnly))
            FileDescriptors.WriteAll(client, "early"u8);
        await shim.Task.CloseIOAsync(new CloseIORequest { Id = "c1", Stdin = true });
        await shim.Task.StartAsync(new StartRequest { Id = "c1" });

        Assert.AreEqual("early", await shim.Agent.Process("c1").ReadStdinToEndAsync().WaitAsync(TimeSpan.FromSeconds(20)));
    }

    [TestMethod]
    public async Task Input_NoneAskedFor_IsAtItsEnd()
    {
        await using var shim = await ShimFixture.StartAsync();
        var process = await shim.RunAsync();

        Assert.AreEqual("", await process.ReadStdinToEndAsync().WaitAsync(TimeSpan.FromSeconds(20)));
    }

    [TestMethod]
    public async Task Input_HundredExecsAtEndOfFile_AllRun()
    {
        await using var shim = await ShimFixture.StartAsync();
        await shim.RunAsync();
        await Parallel.ForAsync(0, 100, async (i, _) =>
        {
            var stdin = shim.Fifo($"in{i}");
            var request = ShimFixture.ExecRequest($"e{i}", ["exit", $"{i}"]);
            request.Stdin = stdin;
            request.Stdout = shim.Fifo($"out{i}");
            await shim.Task.ExecAsync(request);
            using (FileDescriptors.Open(stdin, OpenFlags.WriteOnly | OpenFlags.NonBlocking))
            {
            }

            await shim.Task.CloseIOAsync(new CloseIORequest { Id = "c1", ExecId = $"e{i}", Stdin = true });
            await shim.Task.StartAsync(new StartRequest { Id = "c1", ExecId = $"e{i}" });
            await shim.Task.CloseIOAsync(new CloseIORequest { Id = "c1", ExecId = $"e{i}", Stdin = true });
            Assert.AreEqual((uint)i, (await shim.Task.WaitAsync(new WaitRequest { Id = "c1", ExecId = $"e{i}" })).ExitStatus);
            await shim.Task.DeleteAsync(new DeleteRequest { Id = "c1", ExecId = $"e{i}" });
        });
    }

    [TestMethod]
    public async Task Terminal_UsesStdoutOnlyAndKeepsInputOpen()
    {
        await using var shim = await ShimFixture.StartAsync();
        var (stdin, stdout) = (shim.Fifo("in"), shim.Fifo("out"));
        var reading = Task.Run(() => File.ReadAllText(stdout));
        var process = await shim.RunAsync(shim.CreateRequest(stdin: stdin, stdout: stdout, terminal: true));
        using (var client = FileDescriptors.Open(stdin, OpenFlags.WriteOnly))
            FileDescriptors.WriteAll(client, Encoding.UTF8.GetBytes("exit\n"));
        process.Print("prompt$ ");
        process.Exit(0);

        Assert.AreEqual("prompt$ ", await reading);
        await shim.Task.WaitAsync(new WaitRequest { Id = "c1" });
    }

    [TestMethod]
    public async Task DescriptorsAndFifos_AfterDeletion_AreClosed()
    {
        await using var shim = await ShimFixture.StartAsync();
        await shim.RunAsync();
        await RunExecAsync(shim, 0);
        var before = Directory.GetFiles("/proc/self/fd").Length;
        for (var i = 1; i < 30; i++)
            await RunExecAsync(shim, i);

        // Other tests run in this process at the same time: a leak of one per exec would still stand out.
        Assert.IsLessThan(before + 29, Directory.GetFiles("/proc/self/fd").Length);
    }

    private static async Task RunExecAsync(ShimFixture shim, int i)
    {
        var request = ShimFixture.ExecRequest($"e{i}", ["exit", "0"]);
        request.Stdin = shim.Fifo($"in{i}");
        request.Stdout = shim.Fifo($"out{i}");
        request.Stderr = shim.Fifo($"err{i}");
        await shim.Task.ExecAsync(request);
        await shim.Task.StartAsync(new StartRequest { Id = "c1", ExecId = request.ExecId });
        await shim.Task.WaitAsync(new WaitRequest { Id = "c1", ExecId = request.ExecId });
        await shim.Task.DeleteAsync(new DeleteRequest { Id = "c1", ExecId = request.ExecId });
    }
}
