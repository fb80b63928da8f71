using Kata.Benchmarks.Devices;
using Kata.Linux;
using Kata.Virtio.Devices;
using Kata.Virtio.Events;
using Kata.Virtio.Memory;
using Kata.Virtio.Queues;
using Kata.Virtio.Tests.Fakes;
using Kata.Virtio.VhostUser;
using Kata.Virtio.Vsock;
using Microsoft.Extensions.Logging.Abstractions;

namespace Kata.Benchmarks.Vsock;

/// <summary>
/// A vsock device and a driver for it in one process, joined by eventfds: what a machine does, without the machine's cost.
/// </summary>
internal sealed unsafe class BenchMachine : IEventLoopClient, IEventHandler, IDisposable
{
    private readonly MemoryMapping _memory = MemoryMapping.Anonymous(16 << 20);
    private readonly EventLoop _loop = new();
    private readonly VsockMuxer _muxer;
    private readonly VsockDevice _device;
    private readonly RequestQueue[] _queues;
    private readonly Thread _thread;

    public BenchMachine(string socketPath)
    {
        var listener = UnixSocket.Listen(socketPath);
        FileDescriptors.SetNonBlocking(listener, true);
        _muxer = new VsockMuxer(_loop, listener, socketPath, 3, TimeSpan.FromSeconds(10), NullLogger.Instance);
        _device = new VsockDevice(_muxer, 3, NullLogger.Instance);
        _queues = [Queue(0), Queue(0x4000)];
        Driver = new VsockDriver(_queues[0], _queues[1], 0x10000);
        var guest = new GuestMemory([new GuestMemoryRegion(0, _memory.Length, _memory)]);
        for (var i = 0; i < 2; i++)
        {
            var interrupt = new EventFdInterrupt();
            interrupt.Set(FileDescriptors.Duplicate(_queues[i].CallEvent));
            var queue = new SplitQueue();
            if (!queue.TryConfigure(guest, _queues[i].Ring.Layout, 0, interrupt))
                throw new InvalidOperationException("The ring's layout is bad.");
            _device.StartQueue(i, queue);
            _loop.Add(_queues[i].Kick, EpollEvents.Readable | EpollEvents.EdgeTriggered, this, i);
        }

        _thread = new Thread(() => _loop.Run(this)) { IsBackground = true };
        _thread.Start();

        RequestQueue Queue(ulong offset) => new(new DriverQueue((byte*)_memory.Address, 0, offset, VsockDriver.QueueSize));
    }

    public VsockDriver Driver { get; }

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

    public void Dispose()
    {
        _loop.Stop();
        _thread.Join();
        _muxer.Dispose();
        _loop.Dispose();
        foreach (var queue in _queues)
            queue.Dispose();
        _memory.Dispose();
    }
}
