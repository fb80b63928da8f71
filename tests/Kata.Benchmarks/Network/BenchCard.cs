using System.Diagnostics;
using Kata.Linux;
using Kata.Virtio;
using Kata.Virtio.Devices;
using Kata.Virtio.Events;
using Kata.Virtio.Memory;
using Kata.Virtio.Network;
using Kata.Virtio.Queues;
using Kata.Virtio.Tests.Fakes;
using Microsoft.Win32.SafeHandles;

namespace Kata.Benchmarks.Network;

/// <summary>
/// A network device and its driver on one thread: only the device's work is timed, so that neither the guest nor the scheduler counts.
/// </summary>
internal sealed unsafe class BenchCard : IQueueInterrupt, IDisposable
{
    private const ushort QueueSize = 256;
    private const uint ReceiveBytes = 4096;
    private const ulong ReceiveAt = 0x100000;
    private const ulong TransmitAt = 0x400000;
    private const int ReceiveQueue = 0, TransmitQueue = 1;

    private readonly MemoryMapping _memory = MemoryMapping.Anonymous(8 << 20);
    private readonly EventLoop _loop = new();
    private readonly NetworkDevice _device;
    private readonly IQueueWorker _worker;
    private readonly DriverQueue[] _rings;

    public BenchCard(SafeFileHandle tap, bool offersUdp)
    {
        var options = new VirtioNetworkOptions { TapName = "tap", MacAddress = "02:00:00:00:00:02" };
        _device = new NetworkDevice(options, [2, 0, 0, 0, 0, 2], [tap], [_loop], offersUdp);
        _device.SetFeatures(_device.Features);
        _worker = _device.Workers[0];
        _rings = [new DriverQueue((byte*)_memory.Address, 0, 0, QueueSize), new DriverQueue((byte*)_memory.Address, 0, 0x8000, QueueSize)];
        for (ushort i = 0; i < QueueSize; i++)
            Recycle(i);
        var guest = new GuestMemory([new GuestMemoryRegion(0, _memory.Length, _memory)]);
        for (var i = 0; i < _rings.Length; i++)
        {
            var queue = new SplitQueue();
            if (!queue.TryConfigure(guest, _rings[i].Layout, 0, this))
                throw new InvalidOperationException("The ring's layout is bad.");
            _worker.StartQueue(i, queue);
        }

        _worker.Continue();
    }

    public void Signal()
    {
        // The driver looks by itself.
    }

    /// <summary>The guest sends a frame <paramref name="count"/> times. Returns the ticks that took the device.</summary>
    public long Send(ReadOnlySpan<byte> frame, int count)
    {
        var ring = _rings[TransmitQueue];
        frame.CopyTo(new Span<byte>((byte*)_memory.Address + TransmitAt, frame.Length));
        var ticks = 0L;
        while (count > 0)
        {
            var batch = Math.Min(count, 128);
            for (ushort i = 0; i < batch; i++)
            {
                ring.Set(i, TransmitAt, (uint)frame.Length);
                ring.Offer(i);
            }

            var started = Stopwatch.GetTimestamp();
            _worker.NotifyQueue(TransmitQueue);
            while (_worker.Continue())
            {
            }

            ticks += Stopwatch.GetTimestamp() - started;
            for (; ring.TryTakeUsed(out _, out _); count--)
            {
            }
        }

        return ticks;
    }

    /// <summary>The guest receives what waits in the TAP device. Returns the buffers that came, and the ticks that took the device.</summary>
    public (int Buffers, long Ticks) Receive()
    {
        var (buffers, ticks) = (0, 0L);
        while (true)
        {
            var started = Stopwatch.GetTimestamp();
            ((IEventHandler)_worker).OnEvents(EpollEvents.Readable, 0);
            _worker.NotifyQueue(ReceiveQueue);
            while (_worker.Continue())
            {
            }

            ticks += Stopwatch.GetTimestamp() - started;
            var before = buffers;
            for (; _rings[ReceiveQueue].TryTakeUsed(out var head, out _); buffers++)
                Recycle((ushort)head);
            if (buffers == before)
                return (buffers, ticks);
        }
    }

    public void Dispose()
    {
        _device.Dispose();
        _loop.Dispose();
        _memory.Dispose();
    }

    private void Recycle(ushort slot)
    {
        _rings[ReceiveQueue].Set(slot, ReceiveAt + (slot * (ulong)ReceiveBytes), ReceiveBytes, DescriptorFlags.Write);
        _rings[ReceiveQueue].Offer(slot);
    }
}
