using Kata.Linux;
using Kata.Virtio.Queues;
using Kata.Virtio.Tests.Fakes;
using Microsoft.Win32.SafeHandles;

namespace Kata.Benchmarks.Devices;

/// <summary>
/// A driver's side of a queue that behaves as Linux does: it notifies once per batch and only when the device wishes so, and sleeps in one
/// blocking read until the device has used something.
/// </summary>
internal sealed class RequestQueue : IDisposable
{
    private ushort _notified;

    public RequestQueue(DriverQueue ring)
    {
        Ring = ring;
        FileDescriptors.SetNonBlocking(CallEvent, false);
    }

    public DriverQueue Ring { get; }

    public SafeFileHandle Kick { get; } = FileDescriptors.EventFd();

    public SafeFileHandle CallEvent { get; } = FileDescriptors.EventFd();

    /// <summary>Sets up a request of up to four buffers at its slot's own descriptors.</summary>
    public void Set(int slot, params ReadOnlySpan<GuestBuffer> buffers)
    {
        for (var i = 0; i < buffers.Length; i++)
        {
            var flags = (buffers[i].IsWritable ? DescriptorFlags.Write : 0) | (i + 1 < buffers.Length ? DescriptorFlags.Next : 0);
            Ring.Set(Head(slot) + i, buffers[i].Address, buffers[i].Length, flags, Head(slot) + i + 1);
        }
    }

    /// <summary>Makes the request of a slot available; <see cref="Notify"/> tells.</summary>
    public void Offer(int slot) => Ring.Offer(Head(slot));

    public void Notify()
    {
        Interlocked.MemoryBarrier();
        var available = Ring.AvailableIndex;
        var wish = Volatile.Read(ref Ring.AvailableEvent);
        if ((ushort)(available - wish - 1) < (ushort)(available - _notified))
            FileDescriptors.Write(Kick, [1, 0, 0, 0, 0, 0, 0, 0]);
        _notified = available;
    }

    /// <summary>The slot of the next finished request; -1 when there is none yet.</summary>
    public int TryTake() => Ring.TryTakeUsed(out var head, out _) ? (int)head / 4 : -1;

    /// <summary>Sleeps until the device has finished something.</summary>
    public void Wait()
    {
        Span<byte> counter = stackalloc byte[8];
        while (!Ring.HasUsed)
        {
            Volatile.Write(ref Ring.UsedEvent, Ring.UsedIndex);
            Interlocked.MemoryBarrier();
            if (!Ring.HasUsed)
                FileDescriptors.Read(CallEvent, counter);
        }
    }

    public void Dispose()
    {
        Kick.Dispose();
        CallEvent.Dispose();
    }

    private static ushort Head(int slot) => (ushort)(slot * 4);
}
