using System.Runtime.InteropServices;
using Kata.Linux;
using Kata.Virtio.Devices;
using Kata.Virtio.Events;
using Kata.Virtio.Memory;
using Kata.Virtio.Queues;
using Kata.Virtio.Tests.Fakes;
using Kata.Virtio.VhostUser;
using Kata.Virtio.Vsock;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Win32.SafeHandles;

namespace Kata.Benchmarks.Vsock;

/// <summary>
/// A vsock device and a driver for it in one process, joined by eventfds: what a machine does, without the machine's cost.
/// </summary>
internal sealed unsafe class BenchMachine : IEventLoopClient, IEventHandler, IDisposable
{
    private const ushort QueueSize = 128;
    private const int ReceiveBytes = 4096;
    private const int TransmitBytes = VsockHeader.Size + (64 * 1024);
    private const ulong ReceiveAt = 0x10000;
    private const ulong TransmitAt = 0x200000;

    private readonly MemoryMapping _memory = MemoryMapping.Anonymous(16 << 20);
    private readonly EventLoop _loop = new();
    private readonly VsockMuxer _muxer;
    private readonly VsockDevice _device;
    private readonly DriverQueue[] _rings;
    private readonly SafeFileHandle[] _kicks = [FileDescriptors.EventFd(), FileDescriptors.EventFd()];
    private readonly SafeFileHandle[] _calls = [FileDescriptors.EventFd(), FileDescriptors.EventFd()];
    private readonly Thread _thread;
    private ushort _sent;

    public BenchMachine(string socketPath)
    {
        var listener = UnixSocket.Listen(socketPath);
        FileDescriptors.SetNonBlocking(listener, true);
        _muxer = new VsockMuxer(_loop, listener, socketPath, 3, TimeSpan.FromSeconds(10), NullLogger.Instance);
        _device = new VsockDevice(_muxer, 3, NullLogger.Instance);
        _rings = [new DriverQueue((byte*)_memory.Address, 0, 0, QueueSize), new DriverQueue((byte*)_memory.Address, 0, 0x4000, QueueSize)];
        var guest = new GuestMemory([new GuestMemoryRegion(0, _memory.Length, _memory)]);
        for (var i = 0; i < 2; i++)
        {
            var interrupt = new EventFdInterrupt();
            interrupt.Set(FileDescriptors.Duplicate(_calls[i]));
            var queue = new SplitQueue();
            if (!queue.TryConfigure(guest, _rings[i].Layout, 0, interrupt))
                throw new InvalidOperationException("The ring's layout is bad.");
            _device.StartQueue(i, queue);
            _loop.Add(_kicks[i], EpollEvents.Readable | EpollEvents.EdgeTriggered, this, i);
        }

        for (ushort i = 0; i < QueueSize; i++)
            Recycle(i);
        _thread = new Thread(() => _loop.Run(this)) { IsBackground = true };
        _thread.Start();
    }

    public long Deadline => _muxer.Deadline;

    /// <summary>CPU time of the device's thread.</summary>
    public TimeSpan DeviceTime
    {
        get
        {
            var time = TimeSpan.Zero;
            using var done = new ManualResetEventSlim();
            _loop.Post(() =>
            {
                time = ResourceUsage.OfCurrentThread();
                done.Set();
            });
            done.Wait();
            return time;
        }
    }

    public bool Continue() => _device.Continue();

    public void OnDeadline(long now) => _muxer.OnDeadline(now);

    public void OnIdle()
    {
    }

    public void OnEvents(EpollEvents events, int token) => _device.NotifyQueue(token);

    /// <summary>Sends a packet; waits for a free slot as a driver does.</summary>
    public void Send(VsockHeader header, int payload)
    {
        var ring = _rings[1];
        while ((ushort)(_sent - Volatile.Read(ref ring.UsedIndex)) == QueueSize)
            Wait(1, (ushort)(_sent - QueueSize));
        var slot = (ushort)(_sent++ % QueueSize);
        var address = TransmitAt + ((ulong)slot * (TransmitBytes + 4096));
        header.SourceCid = 3;
        header.DestinationCid = VsockLimits.HostCid;
        header.Type = VsockHeader.StreamType;
        header.Length = (uint)payload;
        header.Write(MemoryMarshal.CreateSpan(ref ring.At<byte>(address), VsockHeader.Size));
        ring.Set(slot, address, (uint)(VsockHeader.Size + payload));
        ring.Offer(slot);
        Notify(1, ring.AvailableIndex);
    }

    /// <summary>Waits for the next packet and gives its buffer back.</summary>
    public VsockHeader Take()
    {
        var ring = _rings[0];
        uint head;
        while (!ring.TryTakeUsed(out head, out _))
            Wait(0, ring.UsedIndex);
        var header = VsockHeader.Read(MemoryMarshal.CreateReadOnlySpan(ref ring.At<byte>(ReceiveAt + (head * ReceiveBytes)), VsockHeader.Size));
        Recycle((ushort)head);
        return header;
    }

    public void Dispose()
    {
        _loop.Stop();
        _thread.Join();
        _muxer.Dispose();
        _loop.Dispose();
        _memory.Dispose();
    }

    private void Recycle(ushort slot)
    {
        _rings[0].Set(slot, ReceiveAt + ((ulong)slot * ReceiveBytes), ReceiveBytes, DescriptorFlags.Write);
        _rings[0].Offer(slot);
        Notify(0, _rings[0].AvailableIndex);
    }

    /// <summary>Notifies only when the device wishes so, like Linux.</summary>
    private void Notify(int ring, ushort available)
    {
        Interlocked.MemoryBarrier();
        if (Volatile.Read(ref _rings[ring].AvailableEvent) == (ushort)(available - 1))
            FileDescriptors.Write(_kicks[ring], [1, 0, 0, 0, 0, 0, 0, 0]);
    }

    /// <summary>Sleeps until the device has used more than <paramref name="used"/> buffers.</summary>
    private void Wait(int ring, ushort used)
    {
        Volatile.Write(ref _rings[ring].UsedEvent, used);
        Interlocked.MemoryBarrier();
        if (Volatile.Read(ref _rings[ring].UsedIndex) != used)
            return;
        FileDescriptors.Poll(_calls[ring], PollEvents.Readable, Timeout.InfiniteTimeSpan);
        FileDescriptors.Read(_calls[ring], stackalloc byte[8]);
    }
}
