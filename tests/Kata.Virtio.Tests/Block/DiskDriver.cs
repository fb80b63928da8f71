using System.Runtime.InteropServices;
using Kata.Virtio.Block;
using Kata.Virtio.Queues;
using Kata.Virtio.Tests.Mmio;
using Kata.Virtio.Tests.Support;

namespace Kata.Virtio.Tests.Block;

/// <summary>A disk of random bytes with a driver that sends one request at a time.</summary>
internal sealed class DiskDriver : IAsyncDisposable
{
    private const ulong ReadableAt = MmioDriver.Data;
    private const ulong WritableAt = MmioDriver.Data + (1 << 20);
    private const ulong TableAt = MmioDriver.Data - 0x10000;

    private readonly TemporaryDirectory _directory = new();

    /// <param name="bytes">Of the disk.</param>
    /// <param name="exclude">Features that the driver does not take.</param>
    /// <param name="directory">Where the disk lies; a temporary directory otherwise.</param>
    public DiskDriver(
        int bytes = 1 << 20, Func<VirtioBlockOptions, VirtioBlockOptions>? configure = null, ulong exclude = 0,
        RecordingLogger? logger = null, string? directory = null)
    {
        Path = System.IO.Path.Combine(directory ?? _directory.Path, "disk");
        Content = new byte[bytes];
        new Random(bytes).NextBytes(Content);
        File.WriteAllBytes(Path, Content);
        var options = new VirtioBlockOptions { Path = Path };
        if (logger is not null)
            options = options with { Logger = logger };
        Disk = VirtioBlock.Create(configure?.Invoke(options) ?? options);
        Driver = new MmioDriver(Disk);
        Driver.Start(exclude);
    }

    /// <summary>What the file held at first.</summary>
    public byte[] Content { get; }

    public string Path { get; }

    public VirtioBlock Disk { get; }

    public MmioDriver Driver { get; }

    public BlockConfiguration Configuration
    {
        get
        {
            var bytes = new byte[BlockConfiguration.Size];
            Driver.Transport.Read(0x100, bytes);
            return MemoryMarshal.Read<BlockConfiguration>(bytes);
        }
    }

    public byte[] Read(ulong sector, int bytes)
    {
        var data = new byte[bytes];
        Assert.AreEqual(BlockStatus.Ok, Send(BlockRequestType.In, sector, [], data));
        return data;
    }

    public BlockStatus Write(ulong sector, ReadOnlySpan<byte> data) => Send(BlockRequestType.Out, sector, data, []);

    public BlockStatus SendRanges(BlockRequestType type, params ReadOnlySpan<BlockRange> ranges) =>
        Send(type, 0, MemoryMarshal.AsBytes(ranges), []);

    /// <summary>Sends a request and waits for it.</summary>
    /// <param name="output">Follows the header.</param>
    /// <param name="input">Filled in with what precedes the status.</param>
    /// <param name="chunk">Bytes of one descriptor.</param>
    /// <param name="indirect">The descriptors lie in a table of their own.</param>
    /// <param name="misalignment">Bytes by which the buffers begin after a page's beginning.</param>
    public BlockStatus Send(
        BlockRequestType type, ulong sector, ReadOnlySpan<byte> output, Span<byte> input, int chunk = int.MaxValue, bool indirect = false,
        int queue = 0, int misalignment = 0)
    {
        var header = new BlockHeader { Type = type, Sector = sector };
        var (readableAt, writableAt) = (ReadableAt + (ulong)misalignment, WritableAt + (ulong)misalignment);
        var readable = Driver.At(readableAt, BlockHeader.Size + output.Length);
        MemoryMarshal.Write(readable, header);
        output.CopyTo(readable[BlockHeader.Size..]);
        var writable = Driver.At(writableAt, input.Length + 1);
        writable[^1] = 0xee;
        var index = Describe(readableAt, readable.Length, chunk, DescriptorFlags.None, 0, indirect, queue);
        var last = Describe(writableAt, writable.Length, chunk, DescriptorFlags.Write, index, indirect, queue) - 1;
        Entry(last, indirect, queue).Flags &= ~DescriptorFlags.Next;
        if (indirect)
            Driver.Queues[queue].Set(0, TableAt, (uint)((last + 1) * Descriptor.Size), DescriptorFlags.Indirect);
        var written = Driver.Exchange(queue, 0);
        var status = (BlockStatus)writable[^1];
        Assert.AreEqual(status == BlockStatus.Ok ? (uint)writable.Length : 1u, written);
        writable[..^1].CopyTo(input);
        return status;
    }

    public async ValueTask DisposeAsync()
    {
        await Driver.DisposeAsync();
        _directory.Dispose();
    }

    private int Describe(ulong address, int length, int chunk, DescriptorFlags flags, int index, bool indirect, int queue)
    {
        // At most 120 descriptors for each direction.
        chunk = Math.Max(chunk, (length / 120) + 1);
        for (var at = 0; at < length; at += chunk)
        {
            Entry(index, indirect, queue) = new Descriptor
            {
                Address = address + (ulong)at,
                Length = (uint)Math.Min(chunk, length - at),
                Flags = flags | DescriptorFlags.Next,
                Next = (ushort)(index + 1),
            };
            index++;
        }

        return index;
    }

    private ref Descriptor Entry(int index, bool indirect, int queue)
    {
        var driver = Driver.Queues[queue];
        return ref indirect ? ref driver.At<Descriptor>(TableAt + ((ulong)index * Descriptor.Size)) : ref driver.Descriptor(index);
    }
}
