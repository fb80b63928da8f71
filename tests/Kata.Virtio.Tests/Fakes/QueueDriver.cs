using Kata.Linux;
using Kata.Virtio.Memory;
using Kata.Virtio.Queues;
using Microsoft.Win32.SafeHandles;

namespace Kata.Virtio.Tests.Fakes;

/// <summary>A driver of one queue that makes one request at a time and waits for it, notified and interrupted by eventfds.</summary>
internal sealed class QueueDriver(DriverQueue ring, GuestMemory memory) : IDisposable
{
    private const ulong BuffersAt = SharedMachine.HighStart;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    public DriverQueue Ring { get; } = ring;

    public SafeFileHandle Kick { get; } = FileDescriptors.EventFd();

    public SafeFileHandle CallEvent { get; } = FileDescriptors.EventFd();

    /// <summary>One request with a buffer for each argument; returns what came back, which is as long as the device says.</summary>
    public byte[] Request(byte[][] readable, params int[] writable)
    {
        Submit(readable, writable);
        return Wait(writable);
    }

    /// <summary>Makes a request available and notifies.</summary>
    public void Submit(byte[][] readable, params int[] writable)
    {
        var address = BuffersAt;
        var index = 0;
        var count = readable.Length + writable.Length;
        foreach (var part in readable)
        {
            Assert.IsTrue(memory.TryWrite(address, part));
            Add(part.Length, DescriptorFlags.None);
        }

        foreach (var length in writable)
            Add(length, DescriptorFlags.Write);
        Ring.Offer(0);
        FileDescriptors.Write(Kick, [1, 0, 0, 0, 0, 0, 0, 0]);

        void Add(int length, DescriptorFlags flags)
        {
            var next = index + 1 < count ? DescriptorFlags.Next : DescriptorFlags.None;
            Ring.Set(index, address, (uint)length, flags | next, ++index);
            address += (ulong)((length + 0xfff) & ~0xfff);
        }
    }

    /// <summary>True when the device has finished the request within <paramref name="limit"/>.</summary>
    public bool TryWait(TimeSpan limit)
    {
        Span<byte> counter = stackalloc byte[8];
        while (true)
        {
            Volatile.Write(ref Ring.UsedEvent, (ushort)(Volatile.Read(ref Ring.AvailableIndex) - 1));
            Interlocked.MemoryBarrier();
            if (Ring.HasUsed)
                return true;
            if (FileDescriptors.Poll(CallEvent, PollEvents.Readable, limit) == PollEvents.None)
                return false;
            FileDescriptors.Read(CallEvent, counter);
        }
    }

    public void Dispose()
    {
        Kick.Dispose();
        CallEvent.Dispose();
    }

    private byte[] Wait(int[] writable)
    {
        Assert.IsTrue(TryWait(Limit), "The device does not answer.");
        Assert.IsTrue(Ring.TryTakeUsed(out var head, out var written));
        Assert.AreEqual(0u, head);
        var reply = new byte[written];
        var done = 0;
        for (var (i, part) = (0, Ring.Layout.Size); done < reply.Length && i < part; i++)
        {
            var descriptor = Ring.Descriptor(i);
            if ((descriptor.Flags & DescriptorFlags.Write) == 0)
                continue;
            var count = Math.Min((int)descriptor.Length, reply.Length - done);
            Assert.IsTrue(memory.TryRead(descriptor.Address, reply.AsSpan(done, count)));
            done += count;
        }

        Assert.IsLessThanOrEqualTo(writable.Sum(), reply.Length);
        return reply;
    }
}
