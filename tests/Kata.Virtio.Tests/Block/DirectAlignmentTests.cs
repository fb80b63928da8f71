using System.Runtime.InteropServices;
using Kata.Linux;
using Kata.Virtio.Block;
using Kata.Virtio.Tests.Support;

namespace Kata.Virtio.Tests.Block;

/// <summary>
/// Direct I/O with buffers, lengths and offsets that direct I/O refuses, on file systems that take it, take some of it, and take none:
/// the guest notices nothing.
/// </summary>
[TestClass]
public sealed class DirectAlignmentTests
{
    private const string Refused = "does not take direct I/O";

    /// <summary>Bytes of a request, and of each of its buffers.</summary>
    private static readonly (int Bytes, int Chunk)[] Shapes =
        [(8192, int.MaxValue), (512, int.MaxValue), (8192, 512), (8192, 4096), (8192, 1000), (512, 7)];

    private readonly TemporaryDirectory _directory = new();
    private readonly RecordingLogger _logger = new();

    private string Mounted => _directory.File("mounted");

    [TestCleanup]
    public void CleanUp() => _directory.Dispose();

    [TestMethod]
    public async Task TemporaryDirectory_TakesAnyAlignment()
    {
        await ExchangeAsync(_directory.Path);
        if (_logger.ToString().Contains(Refused, StringComparison.Ordinal))
            Assert.Inconclusive("needs a temporary directory on a file system with direct I/O; the page cache was tested instead");
    }

    [TestMethod]
    [DataRow("tmpfs", "size=8m")]
    [DataRow("overlay", "lowerdir={0}/lower,upperdir={0}/upper,workdir={0}/work")]
    public async Task FileSystem_ThatMayRefuse_TakesAnyAlignment(string type, string data)
    {
        using var mount = NewMount(type, data);
        await ExchangeAsync(Mounted);
    }

    [TestMethod]
    public async Task FileSystem_WithoutDirectAccess_SaysSoAndUsesThePageCache()
    {
        using var mount = NewMount("ramfs", "");
        await ExchangeAsync(Mounted);
        Assert.Contains(line => line.StartsWith("Warning: Disk ", StringComparison.Ordinal), _logger.Lines);
        Assert.Contains(line => line.Contains(Refused, StringComparison.Ordinal), _logger.Lines);
    }

    /// <summary>A loop device whose blocks are larger than the sectors in which the guest counts.</summary>
    [TestMethod]
    public async Task Device_WithLargeBlocks_TakesAnyAlignment()
    {
        const string Losetup = "/usr/sbin/losetup";
        if (CurrentProcess.EffectiveUserId != 0 || !File.Exists(Losetup) || !File.Exists("/dev/loop-control"))
            Assert.Inconclusive("needs root, losetup and /dev/loop-control");
        await using (var disk = new DiskDriver(directory: _directory.Path))
        {
            // Makes the file.
        }

        var (status, name) = await RunAsync(Losetup, "--find", "--show", "--direct-io=on", "--sector-size=4096", _directory.File("disk"));
        if (status != 0)
            Assert.Inconclusive($"needs a free loop device: {name}");
        try
        {
            await using var disk = new DiskDriver(
                configure: options => options with { Path = name, Direct = true }, logger: _logger, directory: _directory.Path);
            Assert.AreEqual(4096u, disk.Configuration.BlockSize);
            Exchange(disk);
        }
        finally
        {
            await RunAsync(Losetup, "--detach", name);
        }
    }

    private async Task ExchangeAsync(string directory)
    {
        await using var disk = new DiskDriver(configure: options => options with { Direct = true }, logger: _logger, directory: directory);
        Exchange(disk);
        Assert.AreEqual(BlockStatus.Ok, disk.Send(BlockRequestType.Flush, 0, [], []));
        CollectionAssert.AreEqual(disk.Content, await File.ReadAllBytesAsync(disk.Path));
    }

    /// <summary>Buffers that begin, are cut and end anywhere, at sectors within and between the host's blocks.</summary>
    private static void Exchange(DiskDriver disk)
    {
        foreach (var misalignment in new[] { 0, 1, 4, 496, 512, 1365, 4080, 4095 })
        {
            foreach (var sector in new ulong[] { 0, 1, 7, 8, 2031 })
            {
                foreach (var (bytes, chunk) in Shapes)
                {
                    var data = new byte[bytes];
                    new Random(misalignment + bytes + chunk).NextBytes(data);
                    var offset = (int)sector * 512;
                    var what = $"{bytes} bytes in buffers of {chunk} at {misalignment}, sector {sector}";
                    var status = disk.Send(BlockRequestType.Out, sector, data, [], chunk, misalignment: misalignment);
                    Assert.AreEqual(BlockStatus.Ok, status, what);
                    data.CopyTo(disk.Content.AsSpan(offset));
                    var read = new byte[bytes];
                    status = disk.Send(BlockRequestType.In, sector, [], read, chunk, misalignment: misalignment);
                    Assert.AreEqual(BlockStatus.Ok, status, what);
                    Assert.IsTrue(read.AsSpan().SequenceEqual(data), what);
                    // The other view of the same blocks.
                    var around = new byte[16384];
                    var start = Math.Min(sector & ~7UL, 2048 - 32);
                    Assert.AreEqual(BlockStatus.Ok, disk.Send(BlockRequestType.In, start, [], around), what);
                    Assert.IsTrue(around.AsSpan().SequenceEqual(disk.Content.AsSpan((int)start * 512, around.Length)), what);
                }
            }
        }
    }

    /// <param name="data">Of the mount; {0} stands for the test's directory.</param>
    private TemporaryMount NewMount(string type, string data)
    {
        foreach (var name in new[] { "mounted", "lower", "upper", "work" })
            Directory.CreateDirectory(_directory.File(name));
        return new TemporaryMount(Mounted, type, data.Replace("{0}", _directory.Path, StringComparison.Ordinal));
    }

    private static async Task<(int Status, string Output)> RunAsync(string program, params string[] arguments)
    {
        var (read, write) = FileDescriptors.Pipe();
        using (write)
        {
            using var child = ChildProcess.Start(new ChildProcessOptions
            {
                Path = program,
                Arguments = arguments,
                Descriptors = new Dictionary<int, SafeHandle> { [1] = write, [2] = write },
            });
            var status = await child.Exited;
            write.Dispose();
            using var reader = new StreamReader(new FileStream(read, FileAccess.Read, 0));
            return (status.ShellCode, (await reader.ReadToEndAsync()).Trim());
        }
    }
}
