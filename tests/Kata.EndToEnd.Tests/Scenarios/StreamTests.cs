using System.Security.Cryptography;
using Kata.EndToEnd.Tests.Harness;

namespace Kata.EndToEnd.Tests.Scenarios;

[TestClass]
public sealed class StreamTests : ScenarioTest
{
    [TestMethod]
    public async Task Run_HundredMegabytesOfOutput_ArriveUnchangedWithErrorsApart()
    {
        const int Megabytes = 100;
        // One MiB of a repeated 16-byte line, so that the hash is known without moving the data twice.
        byte[] line = "0123456789abcde\n"u8.ToArray();
        using var expected = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] mebibyte = [.. Enumerable.Repeat(line, 65536).SelectMany(b => b)];
        for (int i = 0; i < Megabytes; i++)
            expected.AppendData(mebibyte);
        await using var container = await RunAsync(
            "sh", "-c", $"echo begin >&2; yes 0123456789abcde | head -c {Megabytes << 20}; echo end >&2");

        await container.Init.ExitAsync();
        await container.Init.Io.CompleteAsync();

        Assert.AreEqual((long)Megabytes << 20, container.Init.Io.Output.Length);
        Assert.AreEqual(Convert.ToHexStringLower(expected.GetHashAndReset()), container.Init.Io.Output.Sha256());
        Assert.AreEqual("begin\nend\n", (await container.Init.FinishAsync()).Error);
    }

    [TestMethod]
    public async Task Run_InputPipedThenClosed_IsRead()
    {
        await using var container = await RunAsync(new ContainerOptions { WithInput = true }, "sh", "-c", "cat; echo done");

        await container.Init.Io.WriteAsync("hello\n");
        await container.Init.Io.WaitForOutputAsync("hello");
        await container.Init.CloseInputAsync();

        Assert.AreEqual("hello\ndone\n", (await container.Init.FinishAsync()).Succeeded());
    }

    [TestMethod]
    public async Task Run_InputClosedBeforeStart_IsAtItsEnd()
    {
        await using var container = await Container.CreateAsync(Host, new() { WithInput = true }, "cat");
        await container.Init.Io.WriteAsync("early");
        var close = container.Init.CloseInputAsync();

        await container.Init.StartAsync();
        await close;

        Assert.AreEqual("early", (await container.Init.FinishAsync()).Succeeded());
    }

    [TestMethod]
    public async Task Run_Terminal_FollowsItsSize()
    {
        var options = new ContainerOptions
        {
            Terminal = true,
            WithInput = true,
            Configure = spec => spec.WithProcess(p => p with { ConsoleSize = new() { Width = 100, Height = 30 } }),
        };
        await using var container = await RunAsync(options, "sh");

        await container.Init.ResizeAsync(132, 43);
        await container.Init.Io.WriteAsync("stty size; echo err >&2; exit 4\n");

        var result = await container.Init.FinishAsync();
        Assert.AreEqual(4U, result.ExitStatus);
        StringAssert.Contains(result.Output, "43 132");
        StringAssert.Contains(result.Output, "err\r\n");
    }

    [TestMethod]
    public async Task Run_BinaryLogger_GetsBothStreamsAndItsArguments()
    {
        string directory = Directory.CreateDirectory(Path.Combine(Host.TemporaryDirectory, "logger")).FullName;
        string logger = Path.Combine(directory, "logger.sh");
        await File.WriteAllTextAsync(logger, $"""
            #!/bin/sh
            trap '' TERM
            echo "$CONTAINER_ID $CONTAINER_NAMESPACE $*" > {directory}/about
            cat <&4 > {directory}/stderr 5>&- &
            exec 5>&-
            cat <&3 > {directory}/stdout
            wait
            echo done > {directory}/end
            """);
        File.SetUnixFileMode(logger, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        await using var container = await RunAsync(
            new ContainerOptions { OutputUri = $"binary://{logger}?key=value" },
            "sh", "-c", "echo to-out; echo to-err >&2");

        Assert.AreEqual(0U, (await container.Init.FinishAsync()).ExitStatus);

        await Eventually.GetAsync(() => File.Exists($"{directory}/end") ? directory : null, "end of the logger");
        Assert.AreEqual($"{container.Id} {TestHost.Namespace} key value\n", await File.ReadAllTextAsync($"{directory}/about"));
        Assert.AreEqual("to-out\n", await File.ReadAllTextAsync($"{directory}/stdout"));
        Assert.AreEqual("to-err\n", await File.ReadAllTextAsync($"{directory}/stderr"));
    }

    [TestMethod]
    public async Task Run_FileOutput_IsAppended()
    {
        string path = Path.Combine(Host.TemporaryDirectory, "output.txt");
        await File.WriteAllTextAsync(path, "before\n");
        await using var container = await RunAsync(new ContainerOptions { OutputUri = $"file://{path}" }, "sh", "-c", "echo out; echo err >&2");

        Assert.AreEqual(0U, (await container.Init.FinishAsync()).ExitStatus);

        string[] lines = await File.ReadAllLinesAsync(path);
        Assert.AreEqual("before", lines[0]);
        CollectionAssert.AreEquivalent(new[] { "before", "out", "err" }, lines);
    }

    [TestMethod]
    public async Task Run_NoStreams_RunsWithoutThem()
    {
        await using var container = await RunAsync(new ContainerOptions { OutputUri = "" }, "sh", "-c", "echo lost; exit 9");

        Assert.AreEqual(9U, (await container.Init.FinishAsync()).ExitStatus);
    }
}
