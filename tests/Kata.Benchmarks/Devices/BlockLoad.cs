using System.Buffers.Binary;

namespace Kata.Benchmarks.Devices;

/// <summary>Reads and writes a block device (virtio 1.2, 5.2).</summary>
internal sealed class BlockLoad : IDisposable
{
    private const uint ReadType = 0, WriteType = 1;
    private const ulong FlushFeature = 1UL << 9;
    private const ulong SlotBytes = (1 << 20) + 8192;

    private readonly BenchGuest _guest;
    private readonly ulong _sectors;
    private readonly Random _random = new(1);
    private ulong _next;

    public BlockLoad(string socketPath)
    {
        _guest = new BenchGuest(socketPath, FlushFeature, 256);
        var capacity = new byte[8];
        _guest.FrontEnd.ReadConfiguration(0, capacity);
        _sectors = BinaryPrimitives.ReadUInt64LittleEndian(capacity);
        _guest.Start();
    }

    public Figure Random(bool write, int depth, TimeSpan time) =>
        Run(write, depth, time, 4096, () => (ulong)_random.NextInt64((long)_sectors / 8) * 8);

    public Figure Sequential(bool write, TimeSpan time) => Run(write, 4, time, 1 << 20, () =>
    {
        var sector = _next;
        _next = (_next + 2048) % _sectors;
        return sector;
    });

    public void Dispose() => _guest.Dispose();

    private Figure Run(bool write, int depth, TimeSpan time, uint bytes, Func<ulong> nextSector)
    {
        for (var slot = 0; slot < depth; slot++)
        {
            var at = At(slot);
            var header = _guest.Span(at, 16);
            header.Clear();
            BinaryPrimitives.WriteUInt32LittleEndian(header, write ? WriteType : ReadType);
            _guest.Queues[0].Set(slot, new(at, 16, false), new(at + 8192, bytes, !write), new(at + 16, 1, true));
        }

        return Load.Run(_guest.Queues[0], depth, time, Prepare, Check);

        void Prepare(int slot)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(_guest.Span(At(slot) + 8, 8), nextSector());
            _guest.Span(At(slot) + 16, 1)[0] = 0xff;
        }

        void Check(int slot)
        {
            if (_guest.Span(At(slot) + 16, 1)[0] is not 0 and var status)
                throw new InvalidOperationException($"A block request ended with status {status}.");
        }
    }

    private static ulong At(int slot) => BenchGuest.BuffersAt + ((ulong)slot * SlotBytes);
}
