using Kata.Guest.Agent.Streams;
using Kata.Linux;

namespace Kata.Guest.Tests.Agent;

[TestClass]
public sealed class StreamTests
{
    private static readonly ReadinessPoller Poller = new();

    public TestContext TestContext { get; set; } = null!;

    [TestMethod]
    public async Task ReadAsync_DataThenEnd_GivesBoth()
    {
        var (read, write) = Pipe();
        using var output = new ProcessOutput(read, Poller);
        var pending = output.ReadAsync(100, TestContext.CancellationToken).AsTask();
        Assert.IsFalse(pending.IsCompleted);
        FileDescriptors.WriteAll(write, "hello"u8);
        Assert.AreEqual("hello", (await pending).ToStringUtf8());
        write.Dispose();
        Assert.IsTrue((await output.ReadAsync(100, TestContext.CancellationToken)).IsEmpty);
        Assert.IsTrue(output.Ended.IsCompleted);
        Assert.IsTrue((await output.ReadAsync(100, TestContext.CancellationToken)).IsEmpty);
    }

    [TestMethod]
    public async Task ReadAsync_ManyBytes_ArriveUnchanged()
    {
        var (read, write) = Pipe();
        using var output = new ProcessOutput(read, Poller);
        var data = new byte[5_000_000];
        new Random(1).NextBytes(data);
        var writer = Task.Run(() =>
        {
            FileDescriptors.WriteAll(write, data);
            write.Dispose();
        });
        var received = new MemoryStream();
        while (await output.ReadAsync(65536, TestContext.CancellationToken) is { IsEmpty: false } piece)
            piece.WriteTo(received);
        await writer;
        CollectionAssert.AreEqual(data, received.ToArray());
    }

    [TestMethod]
    public async Task ReadAsync_ProcessEndedButPipeHeldOpen_EndsSoonWithEverythingWritten()
    {
        var (read, write) = Pipe();
        using var held = write;
        using var output = new ProcessOutput(read, Poller);
        FileDescriptors.WriteAll(write, "last words"u8);
        output.ProcessEnded();
        Assert.AreEqual("last", (await output.ReadAsync(4, TestContext.CancellationToken)).ToStringUtf8());
        Assert.AreEqual(" words", (await output.ReadAsync(100, TestContext.CancellationToken)).ToStringUtf8());
        Assert.IsTrue((await output.ReadAsync(100, TestContext.CancellationToken)).IsEmpty);
    }

    [TestMethod]
    public async Task ReadAsync_ProcessEndedButAnotherGoesOnWriting_EndsAfterAPipeful()
    {
        var (read, write) = Pipe();
        using var output = new ProcessOutput(read, Poller);
        output.ProcessEnded();
        var flood = Task.Run(() =>
        {
            var buffer = new byte[65536];
            try
            {
                while (true)
                    FileDescriptors.WriteAll(write, buffer);
            }
            catch (LinuxException e) when (e.Errno == Errno.EPIPE)
            {
                return;
            }
        });
        while (!(await output.ReadAsync(65536, TestContext.CancellationToken)).IsEmpty)
        {
        }

        await flood;
        write.Dispose();
    }

    [TestMethod]
    public async Task ReadAsync_Disposed_Ends()
    {
        var (read, write) = Pipe();
        using var held = write;
        var output = new ProcessOutput(read, Poller);
        var pending = output.ReadAsync(1, TestContext.CancellationToken).AsTask();
        output.Dispose();
        Assert.IsTrue((await pending).IsEmpty);
    }

    [TestMethod]
    public async Task ReadAsync_Cancelled_LosesNothing()
    {
        var (read, write) = Pipe();
        using var held = write;
        using var output = new ProcessOutput(read, Poller);
        using var cancel = new CancellationTokenSource();
        var pending = output.ReadAsync(1, cancel.Token).AsTask();
        await cancel.CancelAsync();
        await Assert.ThrowsAsync<OperationCanceledException>(() => pending);
        FileDescriptors.WriteAll(write, "x"u8);
        Assert.AreEqual("x", (await output.ReadAsync(1, TestContext.CancellationToken)).ToStringUtf8());
    }

    [TestMethod]
    public async Task WriteAsync_FullPipe_WaitsForTheReader()
    {
        var (read, write) = FileDescriptors.Pipe();
        FileDescriptors.SetNonBlocking(write, true);
        using var held = read;
        using var input = new ProcessInput(write, Poller, isTerminal: false);
        var data = new byte[1_000_000];
        new Random(2).NextBytes(data);
        var writing = input.WriteAsync(data, TestContext.CancellationToken).AsTask();
        var closing = input.CloseAsync(TestContext.CancellationToken).AsTask();
        var received = new MemoryStream();
        var buffer = new byte[65536];
        while (await Task.Run(() => FileDescriptors.Read(read, buffer)) is > 0 and var count)
            received.Write(buffer, 0, count);
        await writing;
        await closing;
        CollectionAssert.AreEqual(data, received.ToArray());
    }

    [TestMethod]
    public async Task WriteAsync_NobodyReads_IsBrokenPipe()
    {
        var (read, write) = FileDescriptors.Pipe(nonBlocking: true);
        using var input = new ProcessInput(write, Poller, isTerminal: false);
        var filling = input.WriteAsync(new byte[1_000_000], TestContext.CancellationToken).AsTask();
        read.Dispose();
        var error = await Assert.ThrowsExactlyAsync<LinuxException>(() => filling);
        Assert.AreEqual(Errno.EPIPE, error.Errno);
        await input.CloseAsync(TestContext.CancellationToken);
        await Assert.ThrowsExactlyAsync<LinuxException>(() => input.WriteAsync(new byte[1], TestContext.CancellationToken).AsTask());
    }

    private static (Microsoft.Win32.SafeHandles.SafeFileHandle Read, Microsoft.Win32.SafeHandles.SafeFileHandle Write) Pipe()
    {
        var (read, write) = FileDescriptors.Pipe();
        FileDescriptors.SetNonBlocking(read, true);
        return (read, write);
    }
}
