using System.Globalization;
using System.Text.RegularExpressions;
using Kata.Linux;
using Kata.Virtio.Tests.Support;

namespace Kata.Virtio.Tests.Real;

/// <summary>
/// A Debian kernel's own virtio_blk driver in QEMU against our disk with two queues, served over vhost-user: what one side writes, the other
/// reads.
/// </summary>
[TestClass]
[TestCategory("e2e")]
public sealed partial class RealDiskTests
{
    private const int DiskBytes = 32 << 20;
    private const int WrittenBytes = 8 << 20;

    public TestContext TestContext { get; set; } = null!;

    [TestMethod]
    [DataRow("bookworm")]
    [DataRow("trixie")]
    [Timeout(240_000, CooperativeCancellation = true)]
    public async Task Guest_ReadsAndWrites_Disk(string suite)
    {
        var (kernel, initrd) = await GuestImage.GetAsync(suite, "disk-guest");
        using var directory = new TemporaryDirectory();
        var content = new byte[DiskBytes];
        Random.Shared.NextBytes(content);
        await File.WriteAllBytesAsync(directory.File("disk"), content, TestContext.CancellationToken);
        var logger = new RecordingLogger();
        await using var disk = VirtioBlock.Create(new VirtioBlockOptions { Path = directory.File("disk"), QueueCount = 2, Logger = logger });
        await using var backEnd = VhostUserBackEnd.Start(disk, directory.File("blk"), logger);

        var console = await RunAsync(directory, kernel, initrd);

        Assert.Contains("guest: done", console, $"{console}\n{logger}\n{File.ReadAllText(directory.File("qemu.log"))}");
        Assert.AreEqual((DiskBytes, Checksum(content)), Find(console, "first"));
        var after = await File.ReadAllBytesAsync(directory.File("disk"), TestContext.CancellationToken);
        Assert.AreEqual((WrittenBytes, Checksum(after.AsSpan(0, WrittenBytes))), Find(console, "written"));
        Assert.AreEqual((DiskBytes, Checksum(after)), Find(console, "second"));
        Assert.IsTrue(after.AsSpan(WrittenBytes).SequenceEqual(content.AsSpan(WrittenBytes)), "The guest wrote where it did not mean to.");
    }

    private async Task<string> RunAsync(TemporaryDirectory directory, string kernel, string initrd)
    {
        using var qemu = QemuGuest.Start(
            directory, kernel, initrd,
            "-no-reboot", "-chardev", $"socket,id=blk,path={directory.File("blk")}",
            "-device", "vhost-user-blk-pci,chardev=blk,num-queues=2");
        try
        {
            await qemu.Exited.WaitAsync(TestContext.CancellationToken);
        }
        catch (OperationCanceledException)
        {
            qemu.Kill(Signal.SIGKILL);
            await qemu.Exited;
        }

        return File.Exists(directory.File("console")) ? await File.ReadAllTextAsync(directory.File("console")) : "";
    }

    /// <summary>FNV-1a, 64 bits, as the guest computes it.</summary>
    private static string Checksum(ReadOnlySpan<byte> content)
    {
        var hash = 0xcbf29ce484222325;
        foreach (var value in content)
            hash = unchecked((hash ^ value) * 0x100000001b3);
        return hash.ToString("x16", CultureInfo.InvariantCulture);
    }

    private static (int Bytes, string Checksum) Find(string console, string what)
    {
        var line = GuestLine().Matches(console).FirstOrDefault(match => match.Groups["what"].Value == what)
            ?? throw new AssertFailedException($"The guest did not tell '{what}': {console}");
        return (int.Parse(line.Groups["bytes"].ValueSpan, CultureInfo.InvariantCulture), line.Groups["hash"].Value);
    }

    [GeneratedRegex("guest: (?<what>[a-z]+) (?<bytes>[0-9]+) (?<hash>[0-9a-f]{16})")]
    private static partial Regex GuestLine();
}
