using System.Buffers.Binary;
using System.Text;

namespace Kata.Benchmarks.Devices;

/// <summary>Speaks FUSE to a file system device about one file.</summary>
internal sealed class FileSystemLoad : IDisposable
{
    private const uint LookupCode = 1, GetAttributesCode = 3, OpenCode = 14, ReadCode = 15, WriteCode = 16, InitCode = 26;
    private const uint HeaderBytes = 40, OutBytes = 16;
    private const ulong Root = 1;
    private const ulong SlotBytes = (1 << 20) + 8192;

    private readonly BenchGuest _guest;
    private readonly string _name;
    private readonly ulong _fileBytes;
    private readonly Random _random = new(1);
    private readonly ulong _node;
    private readonly ulong _handle;
    private ulong _unique;
    private ulong _next;

    /// <param name="socketPath">Where the back end listens.</param>
    /// <param name="name">A file in its root.</param>
    public FileSystemLoad(string socketPath, string name, long fileBytes)
    {
        (_name, _fileBytes) = (name, (ulong)fileBytes);
        _guest = new BenchGuest(socketPath, 0, 256, 256);
        _guest.Start();
        var init = new byte[64];
        BinaryPrimitives.WriteUInt32LittleEndian(init, 7);
        BinaryPrimitives.WriteUInt32LittleEndian(init.AsSpan(4), 31);
        BinaryPrimitives.WriteUInt32LittleEndian(init.AsSpan(8), 1 << 20);
        // ASYNC_READ, BIG_WRITES, MAX_PAGES: requests of a mebibyte.
        BinaryPrimitives.WriteUInt32LittleEndian(init.AsSpan(12), 1 | (1 << 5) | (1 << 22));
        Call(InitCode, 0, init, 64);
        _node = BinaryPrimitives.ReadUInt64LittleEndian(Call(LookupCode, Root, Name(), 128));
        var open = new byte[8];
        open[0] = 2; // O_RDWR
        _handle = BinaryPrimitives.ReadUInt64LittleEndian(Call(OpenCode, _node, open, 16));
    }

    public Figure Lookups(int depth, TimeSpan time) => Run(depth, time, LookupCode, Root, Name(), 0, 128);

    public Figure GetAttributes(int depth, TimeSpan time) => Run(depth, time, GetAttributesCode, _node, new byte[16], 0, 104);

    public Figure RandomReads(int depth, TimeSpan time) => Run(depth, time, ReadCode, _node, Transfer(4096), 0, 4096, NextRandom);

    public Figure RandomWrites(int depth, TimeSpan time) => Run(depth, time, WriteCode, _node, Transfer(4096), 4096, 8, NextRandom);

    public Figure SequentialReads(TimeSpan time) => Run(4, time, ReadCode, _node, Transfer(1 << 20), 0, 1 << 20, NextInOrder);

    public Figure SequentialWrites(TimeSpan time) => Run(4, time, WriteCode, _node, Transfer(1 << 20), 1 << 20, 8, NextInOrder);

    public void Dispose() => _guest.Dispose();

    private static ulong At(int slot) => BenchGuest.BuffersAt + ((ulong)slot * SlotBytes);

    private byte[] Name() => [.. Encoding.UTF8.GetBytes(_name), 0];

    private ulong NextRandom() => (ulong)_random.NextInt64((long)_fileBytes / 4096) * 4096;

    private ulong NextInOrder()
    {
        var offset = _next;
        _next = (_next + (1 << 20)) % _fileBytes;
        return offset;
    }

    private byte[] Transfer(int bytes)
    {
        var arguments = new byte[40];
        BinaryPrimitives.WriteUInt64LittleEndian(arguments, _handle);
        BinaryPrimitives.WriteInt32LittleEndian(arguments.AsSpan(16), bytes);
        return arguments;
    }

    private byte[] Call(uint code, ulong node, byte[] arguments, uint replyBytes)
    {
        var queue = _guest.Queues[1];
        SetUp(0, code, node, arguments, 0, replyBytes);
        Stamp(0);
        queue.Offer(0);
        queue.Notify();
        queue.Wait();
        Check(queue.TryTake());
        return _guest.Span(At(0) + 4096 + OutBytes, (int)replyBytes).ToArray();
    }

    private Figure Run(int depth, TimeSpan time, uint code, ulong node, byte[] arguments, uint data, uint reply, Func<ulong>? nextOffset = null)
    {
        for (var slot = 0; slot < depth; slot++)
            SetUp(slot, code, node, arguments, data, reply);
        return Load.Run(_guest.Queues[1], depth, time, Prepare, Check);

        void Prepare(int slot)
        {
            Stamp(slot);
            if (nextOffset is not null)
                BinaryPrimitives.WriteUInt64LittleEndian(_guest.Span(At(slot) + HeaderBytes + 8, 8), nextOffset());
        }
    }

    private void SetUp(int slot, uint code, ulong node, byte[] arguments, uint data, uint reply)
    {
        var at = At(slot);
        var header = _guest.Span(at, (int)HeaderBytes);
        header.Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(header, HeaderBytes + (uint)arguments.Length + data);
        BinaryPrimitives.WriteUInt32LittleEndian(header[4..], code);
        BinaryPrimitives.WriteUInt64LittleEndian(header[16..], node);
        arguments.CopyTo(_guest.Span(at + HeaderBytes, arguments.Length));
        // As Linux does: pages of data are buffers of their own.
        var request = new GuestBuffer(at, HeaderBytes, false);
        var rest = new GuestBuffer(at + HeaderBytes, (uint)arguments.Length, false);
        var queue = _guest.Queues[1];
        if (data > 0)
            queue.Set(slot, request, rest, new(at + 8192, data, false), new(at + 4096, OutBytes + reply, true));
        else if (reply >= 4096)
            queue.Set(slot, request, rest, new(at + 4096, OutBytes, true), new(at + 8192, reply, true));
        else
            queue.Set(slot, request, rest, new(at + 4096, OutBytes + reply, true));
    }

    private void Stamp(int slot) => BinaryPrimitives.WriteUInt64LittleEndian(_guest.Span(At(slot) + 8, 8), ++_unique);

    private void Check(int slot)
    {
        if (BinaryPrimitives.ReadInt32LittleEndian(_guest.Span(At(slot) + 4096 + 4, 4)) is not 0 and var error)
            throw new InvalidOperationException($"A FUSE request ended with {error}.");
    }
}
