using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using Kata.Linux;
using Kata.Virtio.Devices;
using Kata.Virtio.Events;
using Kata.Virtio.Fuse;
using Kata.Virtio.Memory;
using Kata.Virtio.Queues;
using Kata.Virtio.Tests.Fakes;
using Kata.Virtio.Tests.Support;
using Microsoft.Win32.SafeHandles;

namespace Kata.Virtio.Tests.Fuse;

/// <summary>A guest's driver by hand: sends requests, right or wrong, through the queues of a device that runs on its own thread.</summary>
internal sealed unsafe class FuseClient : IDisposable, IVirtioTransport
{
    public const ulong Root = NodeTable.RootId;
    public const int MaxRequestBytes = FuseServer.MaxTransferBytes + 4096;

    private const ulong MemoryBytes = 8 << 20;
    private const ulong RequestAt = 1 << 20;
    private const ulong ReplyAt = 4 << 20;
    private const ushort QueueSize = 64;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private readonly GuardedMemory _memory = new(0, MemoryBytes);
    private readonly GuestMemory _guestMemory;
    private readonly VirtioFileSystem _device;
    private readonly IQueueWorker _worker;
    private readonly DriverQueue[] _queues = new DriverQueue[2];
    private readonly ServedQueue[] _served = [new(0), new(1)];
    private readonly SafeFileHandle[] _kicks = [FileDescriptors.EventFd(), FileDescriptors.EventFd()];
    private readonly MeasuringInterrupt _interrupt = new();
    private ulong _unique;

    public FuseClient(string share, Func<VirtioFileSystemOptions, VirtioFileSystemOptions>? configure = null, bool initialize = true)
    {
        var options = new VirtioFileSystemOptions { Path = share, Tag = "test", ExtendedAttributes = true, Logger = Logger };
        _device = VirtioFileSystem.Create(configure?.Invoke(options) ?? options);
        _worker = (IQueueWorker)_device.Model;
        _device.Model.Transport = this;
        _guestMemory = new GuestMemory([_memory.Region]);
        _device.Threads[0].Start(_worker);
        for (var i = 0; i < _queues.Length; i++)
            _queues[i] = new DriverQueue(_memory.Host, 0, (ulong)i * 0x10000, QueueSize);

        StartQueues();
        if (initialize)
            Initialize();
    }

    public RecordingLogger Logger { get; } = new();

    public bool NeedsReset { get; private set; }

    public DriverQueue Requests => _queues[1];

    /// <summary>Bytes that the device's thread has allocated on the managed heap, up to the last request or the one before.</summary>
    public long AllocatedBytes => _interrupt.AllocatedBytes;

    private EventLoop Loop => _device.Threads[0].Loop;

    public void StartQueues() => Loop.Invoke(() =>
    {
        for (var i = 0; i < _queues.Length; i++)
        {
            _queues[i].Clear();
            _served[i].Position = 0;
            Assert.IsTrue(_served[i].TryStart(Loop, _worker, _kicks[i], _guestMemory, _queues[i].Layout, _interrupt));
        }
    });

    public void Reset() => Loop.Invoke(() =>
    {
        foreach (var queue in _served)
            queue.Stop();
        _device.Model.Reset();
        NeedsReset = false;
    });

    public InitializeReply Initialize(FuseFeatures offered = (FuseFeatures)ulong.MaxValue, uint minor = 38)
    {
        Span<byte> arguments = stackalloc byte[64];
        MemoryMarshal.Write(arguments, new InitializeRequest { Major = 7, Minor = minor, MaxReadAhead = 1 << 17, Flags = (uint)offered });
        MemoryMarshal.Write(arguments[16..], (uint)((ulong)offered >> 32));
        return Expect<InitializeReply>(Send(FuseOpcode.Initialize, 0, arguments));
    }

    /// <summary>Sends a request whose header is right; returns the error and the reply's content.</summary>
    public FuseAnswer Send(FuseOpcode opcode, ulong node, ReadOnlySpan<byte> arguments = default, int room = 4096, uint uid = 0, uint gid = 0)
    {
        var length = WriteRequest(opcode, node, arguments, uid, gid);
        var written = SendPrepared(length, FuseReplyHeader.Size + room);
        if (written == 0)
            return new FuseAnswer(Errno.None, []);
        var header = MemoryMarshal.Read<FuseReplyHeader>(Reply);
        Assert.AreEqual(written, header.Length);
        Assert.AreEqual(_unique, header.Unique);
        return new FuseAnswer((Errno)(-header.Error), Reply[FuseReplyHeader.Size..(int)written].ToArray());
    }

    /// <summary>Writes a request without sending it. Returns its length.</summary>
    public int WriteRequest(FuseOpcode opcode, ulong node, ReadOnlySpan<byte> arguments, uint uid = 0, uint gid = 0)
    {
        var header = new FuseRequestHeader
        {
            Length = (uint)(FuseRequestHeader.Size + arguments.Length),
            Opcode = opcode,
            Unique = ++_unique,
            Node = node,
            Uid = uid,
            Gid = gid,
        };
        MemoryMarshal.Write(Request, header);
        arguments.CopyTo(Request[FuseRequestHeader.Size..]);
        return (int)header.Length;
    }

    /// <summary>Sends what is in <see cref="Request"/>, in pieces, and waits. Returns the bytes that the device wrote.</summary>
    public uint SendPrepared(int length, int room, int queue = 1)
    {
        var driver = _queues[queue];
        var count = 0;
        var first = Math.Min(length, 23);
        Add(RequestAt, first, DescriptorFlags.None);
        Add(RequestAt + (ulong)first, length - first, DescriptorFlags.None);
        var begin = Math.Min(room, FuseReplyHeader.Size);
        Add(ReplyAt, begin, DescriptorFlags.Write);
        Add(ReplyAt + (ulong)begin, room - begin, DescriptorFlags.Write);
        driver.Descriptor(count - 1).Flags &= ~DescriptorFlags.Next;
        driver.Offer(0);
        FileDescriptors.Write(_kicks[queue], [1, 0, 0, 0, 0, 0, 0, 0]);
        var deadline = Environment.TickCount64 + (long)Limit.TotalMilliseconds;
        var wait = default(SpinWait);
        while (!driver.HasUsed)
        {
            if (NeedsReset)
                return 0;
            Assert.IsFalse(_device.Completed.IsCompleted, $"The device failed: {_device.Completed.Exception}");
            Assert.IsLessThan(deadline, Environment.TickCount64, "The device does not answer.");
            wait.SpinOnce();
        }

        Assert.IsTrue(driver.TryTakeUsed(out _, out var written));
        return written;

        void Add(ulong address, int bytes, DescriptorFlags flags)
        {
            if (bytes > 0)
                driver.Set(count, address, (uint)bytes, flags | DescriptorFlags.Next, ++count);
        }
    }

    public Span<byte> Request => new(_memory.Host + RequestAt, MaxRequestBytes);

    public Span<byte> Reply => new(_memory.Host + ReplyAt, MaxRequestBytes);

    public static T Expect<T>(FuseAnswer answer)
        where T : unmanaged
    {
        Assert.AreEqual(Errno.None, answer.Error);
        Assert.HasCount(Unsafe.SizeOf<T>(), answer.Content);
        return MemoryMarshal.Read<T>(answer.Content);
    }

    public FuseAnswer TryLookup(ulong node, string name) => Send(FuseOpcode.Lookup, node, Text(name));

    public EntryReply Lookup(ulong node, string name) => Expect<EntryReply>(TryLookup(node, name));

    public ulong Open(ulong node, OpenFlags flags) =>
        Expect<OpenReply>(Send(FuseOpcode.Open, node, Bytes(new OpenRequest { Flags = (uint)flags }))).Handle;

    public FuseAnswer Write(ulong node, ulong handle, ulong offset, ReadOnlySpan<byte> data, uint flags = 0, WriteFlags writeFlags = 0)
    {
        var request = new TransferRequest { Handle = handle, Offset = offset, Length = (uint)data.Length, Flags = flags, TransferFlags = writeFlags };
        return Send(FuseOpcode.Write, node, [.. Bytes(request), .. data]);
    }

    public byte[] Read(ulong node, ulong handle, ulong offset, int length)
    {
        var answer = Send(FuseOpcode.Read, node, Bytes(new TransferRequest { Handle = handle, Offset = offset, Length = (uint)length }), length);
        Assert.AreEqual(Errno.None, answer.Error);
        return answer.Content;
    }

    public static byte[] Text(string text) => [.. Encoding.UTF8.GetBytes(text), 0];

    public static byte[] Bytes<T>(T value)
        where T : unmanaged => MemoryMarshal.AsBytes(new ReadOnlySpan<T>(ref value)).ToArray();

    void IVirtioTransport.DeviceNeedsReset() => NeedsReset = true;

    void IVirtioTransport.ConfigurationChanged() => Assert.Fail("The configuration does not change.");

    public void Dispose()
    {
        _device.DisposeAsync().AsTask().GetAwaiter().GetResult();
        foreach (var kick in _kicks)
            kick.Dispose();
        _memory.Dispose();
    }
}
