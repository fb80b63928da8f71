using System.Text;
using Kata.Linux;
using Kata.Shim.Hosting;
using Microsoft.Extensions.Logging;

namespace Kata.Shim.Tests.Hosting;

[TestClass]
public sealed class LogTests
{
    private readonly string _bundle = Directory.CreateTempSubdirectory("kata-log-").FullName;

    private string LogPath => Path.Combine(_bundle, "log");

    [TestCleanup]
    public void CleanUp() => Directory.Delete(_bundle, recursive: true);

    [TestMethod]
    public void Write_Fifo_ArrivesAsLogfmt()
    {
        FileSystem.CreateFifo(LogPath, 0x1C0);
        using var reader = FileDescriptors.Open(LogPath, OpenFlags.ReadOnly | OpenFlags.NonBlocking);
        using var file = LogFile.Open(_bundle);
        var logger = ShimLogger.Create(file, new ShimArguments { Action = ShimAction.Serve, Id = "c1", Namespace = "ns" }, TimeProvider.System);

        logger.LogInformation("Phase {Phase} took {Ms} ms\nsecond \"line\"", "vmm", 12);
        logger.LogDebug("not at this level");

        var line = ReadAll(reader);
        StringAssert.StartsWith(line, "time=\"");
        StringAssert.EndsWith(
            line, " level=info msg=\"Phase vmm took 12 ms\\nsecond \\\"line\\\"\" phase=vmm ms=12 id=c1 namespace=ns runtime=io.containerd.kata.v2\n");
        Assert.AreEqual(1, line.Count(c => c == '\n'));
    }

    [TestMethod]
    public void Write_HugeMessage_StaysOneAtomicLine()
    {
        FileSystem.CreateFifo(LogPath, 0x1C0);
        using var reader = FileDescriptors.Open(LogPath, OpenFlags.ReadOnly | OpenFlags.NonBlocking);
        using var file = LogFile.Open(_bundle);
        var logger = new LogfmtLogger(file, LogLevel.Information, " id=x", TimeProvider.System);

        logger.LogError("{Text}", new string('ü', 10_000));

        var line = ReadAll(reader);
        Assert.IsLessThanOrEqualTo(4096, Encoding.UTF8.GetByteCount(line));
        StringAssert.EndsWith(line, "\n");
    }

    [TestMethod]
    public void Write_FullFifo_DropsWithoutBlocking()
    {
        FileSystem.CreateFifo(LogPath, 0x1C0);
        using var file = LogFile.Open(_bundle);
        var line = new byte[4096];

        for (var i = 0; i < 100; i++)
            file.Write(line);
    }

    [TestMethod]
    public void Open_NoLogOrALinkToADevice_IsFine()
    {
        LogFile.Open(_bundle).Write("lost\n"u8);
        File.CreateSymbolicLink(LogPath, "/dev/null");
        using var file = LogFile.Open(_bundle);
        file.Write("lost\n"u8);
    }

    [TestMethod]
    public void Flatten_NestedErrors_SaysEachOnce()
    {
        var exception = new IOException("Starting failed: no kernel.", new IOException("no kernel", new IOException("ENOENT")));

        Assert.AreEqual("Starting failed: no kernel. (ENOENT)", LogfmtLogger.Flatten(exception));
    }

    private static string ReadAll(Microsoft.Win32.SafeHandles.SafeFileHandle reader)
    {
        var buffer = new byte[65536];
        return Encoding.UTF8.GetString(buffer, 0, Math.Max(0, FileDescriptors.Read(reader, buffer)));
    }
}
