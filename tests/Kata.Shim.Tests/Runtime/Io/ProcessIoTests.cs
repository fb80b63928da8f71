using System.Text;
using Kata.Abstractions;
using Kata.Linux;
using Kata.Shim.Runtime.Io;
using Microsoft.Win32.SafeHandles;

namespace Kata.Shim.Tests.Runtime.Io;

[TestClass]
public sealed class ProcessIoTests
{
    private readonly string _directory = Directory.CreateTempSubdirectory("kata-io-").FullName;

    [TestCleanup]
    public void CleanUp() => Directory.Delete(_directory, recursive: true);

    [TestMethod]
    public async Task Open_NoStreams_DiscardsOutput()
    {
        await using var io = await OpenAsync(new Stdio("", "", "", false));

        Assert.IsNull(io.Stdin);
        await io.Stdout.WriteAsync(new byte[1_000_000]);
        await io.Stderr.WriteAsync(new byte[1]);
    }

    [TestMethod]
    public async Task Output_ClientThatOpensLate_GetsEverythingThenTheEnd()
    {
        var path = Fifo("out");
        await using var io = await OpenAsync(new Stdio("", path, "", false));
        await io.Stdout.WriteAsync("hello"u8.ToArray());
        using var client = FileDescriptors.Open(path, OpenFlags.ReadOnly);
        io.Finish();

        Assert.AreEqual("hello", ReadText(client));
        Assert.AreEqual("", ReadText(client));
    }

    [TestMethod]
    public async Task Output_MoreThanThePipeHolds_WaitsForTheClient()
    {
        var path = Fifo("out");
        await using var io = await OpenAsync(new Stdio("", path, "", false));
        using var client = FileDescriptors.Open(path, OpenFlags.ReadOnly | OpenFlags.NonBlocking);
        var data = new byte[1 << 20];
        Random.Shared.NextBytes(data);

        var writing = io.Stdout.WriteAsync(data).AsTask();
        Assert.IsFalse(writing.IsCompleted);
        var received = new MemoryStream();
        var buffer = new byte[65536];
        while (received.Length < data.Length)
        {
            if (FileDescriptors.Read(client, buffer) is > 0 and var count)
                received.Write(buffer, 0, count);
            else
                FileDescriptors.Poll(client, PollEvents.Readable, TimeSpan.FromSeconds(10));
        }

        await writing;
        CollectionAssert.AreEqual(data, received.ToArray());
    }

    [TestMethod]
    public async Task Output_FinishWhileNobodyReads_EndsTheWrite()
    {
        await using var io = await OpenAsync(new Stdio("", Fifo("out"), "", false));
        var writing = io.Stdout.WriteAsync(new byte[1 << 20]).AsTask();
        Assert.IsFalse(writing.IsCompleted);

        io.Finish();

        await writing.WaitAsync(TimeSpan.FromSeconds(10));
    }

    [TestMethod]
    public async Task Output_RegularFile_IsAppendedByBothStreams()
    {
        var path = Path.Combine(_directory, "file");
        File.WriteAllText(path, "before ");
        await using (var io = await OpenAsync(new Stdio("", path, path, false)))
        {
            await io.Stdout.WriteAsync("out "u8.ToArray());
            await io.Stderr.WriteAsync("err"u8.ToArray());
        }

        Assert.AreEqual("before out err", File.ReadAllText(path));
    }

    [TestMethod]
    public async Task Output_FileUri_IsCreatedWithItsDirectories()
    {
        var path = Path.Combine(_directory, "a", "b", "log");
        await using (var io = await OpenAsync(new Stdio("", $"file://{path}", $"file://{path}", false)))
        {
            await io.Stdout.WriteAsync("1"u8.ToArray());
            await io.Stderr.WriteAsync("2"u8.ToArray());
        }

        Assert.AreEqual("12", File.ReadAllText(path));
    }

    [TestMethod]
    public async Task Output_Device_Works()
    {
        await using var io = await OpenAsync(new Stdio("/dev/null", "/dev/null", "/dev/full", false));

        await io.Stdout.WriteAsync(new byte[100]);
        await io.Stderr.WriteAsync(new byte[100]);
        Assert.AreEqual(0, await io.Stdin!.ReadAsync(new byte[10]));
    }

    [TestMethod]
    public async Task Open_MissingPath_SaysWhichStream()
    {
        var exception = await Assert.ThrowsExactlyAsync<KataException>(
            async () => await OpenAsync(new Stdio(Fifo("in"), $"{_directory}/none", "", false)));

        Assert.AreEqual(KataErrorKind.InvalidArgument, exception.Kind);
        StringAssert.Contains(exception.Message, $"stdout {_directory}/none cannot be opened: ENOENT");
    }

    [TestMethod]
    public async Task Input_ClientsComeAndGo_EndComesAfterCloseOnly()
    {
        var path = Fifo("in");
        await using var io = await OpenAsync(new Stdio(path, "", "", false));
        using (var first = FileDescriptors.Open(path, OpenFlags.WriteOnly))
            FileDescriptors.WriteAll(first, "one"u8);
        Assert.AreEqual("one", await ReadTextAsync(io));
        var pending = ReadTextAsync(io);
        Assert.IsFalse(pending.IsCompleted);
        using (var second = FileDescriptors.Open(path, OpenFlags.WriteOnly))
        {
            FileDescriptors.WriteAll(second, "two"u8);
            Assert.AreEqual("two", await pending);
            io.Stdin!.CloseWriter();
            FileDescriptors.WriteAll(second, "three"u8);
            Assert.AreEqual("three", await ReadTextAsync(io));
            pending = ReadTextAsync(io);
            Assert.IsFalse(pending.IsCompleted);
        }

        Assert.AreEqual("", await pending.WaitAsync(TimeSpan.FromSeconds(10)));
        io.Stdin!.CloseWriter();
    }

    [TestMethod]
    public async Task Input_ClosedBeforeAnybodyReads_GivesWhatWasWritten()
    {
        var path = Fifo("in");
        await using var io = await OpenAsync(new Stdio(path, "", "", false));
        using (var client = FileDescriptors.Open(path, OpenFlags.WriteOnly))
            FileDescriptors.WriteAll(client, "early"u8);
        io.Stdin!.CloseWriter();

        Assert.AreEqual("early", await ReadTextAsync(io));
        Assert.AreEqual("", await ReadTextAsync(io));
    }

    [TestMethod]
    public async Task Input_FinishWhileReading_EndsTheRead()
    {
        await using var io = await OpenAsync(new Stdio(Fifo("in"), "", "", false));
        var reading = ReadTextAsync(io);

        io.Finish();

        Assert.AreEqual("", await reading.WaitAsync(TimeSpan.FromSeconds(10)));
    }

    [TestMethod]
    public async Task Logger_GetsStreamsArgumentsAndEnvironment_AndIsWaitedFor()
    {
        var result = Path.Combine(_directory, "result");
        var script = Script($"""
            exec 5>&-
            out=$(cat <&3)
            err=$(cat <&4)
            echo "$1=$2 $CONTAINER_ID/$CONTAINER_NAMESPACE out:$out err:$err" > {result}
            """);
        var io = await OpenAsync(new Stdio("", $"binary://{script}?key=va%20lue", "", false));
        await io.Stdout.WriteAsync("to out"u8.ToArray());
        await io.Stderr.WriteAsync("to err"u8.ToArray());
        io.Finish();
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (!File.Exists(result) || File.ReadAllText(result).Length == 0)
            await Task.Delay(10, patience.Token);
        await io.DisposeAsync();

        Assert.AreEqual("key=va lue c1/ns out:to out err:to err\n", File.ReadAllText(result));
    }

    [TestMethod]
    public async Task Logger_ThatLingers_IsTerminated()
    {
        var script = Script("exec 5>&-\nexec sleep 300");
        var io = await OpenAsync(new Stdio("", $"binary://{script}", "", false));

        await io.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(10));
    }

    [TestMethod]
    public async Task Logger_ThatDies_DoesNotHoldUpTheProcess()
    {
        await using var io = await OpenAsync(new Stdio("", $"binary://{Script("exec 5>&-\nexit 1")}", "", false));

        await io.Stdout.WriteAsync(new byte[1 << 20]).AsTask().WaitAsync(TimeSpan.FromSeconds(10));
    }

    [TestMethod]
    public async Task Logger_Missing_SaysSo()
    {
        var exception = await Assert.ThrowsExactlyAsync<KataException>(
            async () => await OpenAsync(new Stdio("", "binary:///no/such/logger", "", false)));

        StringAssert.Contains(exception.Message, "The logging binary /no/such/logger cannot be run: ENOENT");
    }

    private static Task<string> ReadTextAsync(ProcessIo io) => ReadTextAsync(io.Stdin!);

    private static async Task<string> ReadTextAsync(InputStream stdin)
    {
        var buffer = new byte[100];
        return Encoding.UTF8.GetString(buffer, 0, await stdin.ReadAsync(buffer));
    }

    private static ValueTask<ProcessIo> OpenAsync(Stdio stdio) => ProcessIo.OpenAsync(stdio, "c1", "ns", CancellationToken.None);

    private static string ReadText(SafeFileHandle client)
    {
        var buffer = new byte[100];
        return Encoding.UTF8.GetString(buffer, 0, FileDescriptors.Read(client, buffer));
    }

    private string Fifo(string name)
    {
        var path = Path.Combine(_directory, name);
        FileSystem.CreateFifo(path, 0x180);
        return path;
    }

    private string Script(string body)
    {
        var path = Path.Combine(_directory, $"script-{Guid.NewGuid():N}");
        File.WriteAllText(path, $"#!/bin/sh\n{body}\n");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        return path;
    }
}
