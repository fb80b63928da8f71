using System.Buffers.Binary;
using Kata.Linux;
using Kata.Virtio.Devices;
using Kata.Virtio.Events;
using Kata.Virtio.Memory;
using Kata.Virtio.Queues;
using Microsoft.Win32.SafeHandles;

namespace Kata.Virtio.VhostUser;

internal sealed partial class VhostUserConnection
{
    /// <summary>False when the request is none of these.</summary>
    private bool TrySetVring(VhostUserMessage message)
    {
        switch (message.Request)
        {
            case VhostUserRequest.SetVringNum:
                SetVringNum(StoppedRing(message), message.ReadUInt32(4));
                return true;
            case VhostUserRequest.SetVringAddress:
                SetVringAddress(message);
                return true;
            case VhostUserRequest.SetVringBase:
                SetVringBase(StoppedRing(message), message.ReadUInt32(4));
                return true;
            case VhostUserRequest.SetVringKick:
                SetVringKick(message);
                return true;
            case VhostUserRequest.SetVringCall:
                SetVringCall(message);
                return true;
            case VhostUserRequest.SetVringError:
                Ring((uint)message.ReadUInt64() & 0xff, message).Error.Set(TakeEventFd(message));
                return true;
            case VhostUserRequest.SetVringEnable:
                EnableVring(message);
                return true;
            default:
                return false;
        }
    }

    private void SetVringNum(VhostUserRing ring, uint size)
    {
        if (size == 0 || size > _device.MaxQueueSize || (size & (size - 1)) != 0)
            throw new VhostUserException($"A ring of {size} entries is not a power of two up to {_device.MaxQueueSize}.");
        ring.Size = (ushort)size;
    }

    private void SetVringAddress(VhostUserMessage message)
    {
        var ring = Ring(message.ReadUInt32(0), message);
        // Offset 4 holds flags and offset 32 the address for logging dirty pages, which is not offered.
        var address = (Guest(8), Guest(24), Guest(16));
        if (ring.IsStarted && ring.Address != address)
            throw new VhostUserException("A running ring was moved.");
        ring.Address = address;

        ulong Guest(int offset) => _memory.ToGuestAddress(message.ReadUInt64(offset))
            ?? throw new VhostUserException($"A ring lies at 0x{message.ReadUInt64(offset):x}, outside of the shared memory.");
    }

    private void SetVringBase(VhostUserRing ring, uint position)
    {
        // A machine that was paused goes on where it stopped. Anything else is a driver that knows nothing of what was before.
        if (ring.HasRun && ring.Served.Position != (ushort)position)
        {
            if (_restartGate.TryPass(out var suppressed))
                VhostUserLog.DriverRestarted(_logger, suppressed);
            ForgetDriver();
        }

        ring.Served.Position = (ushort)position;
    }

    private void SetVringKick(VhostUserMessage message)
    {
        var index = (uint)message.ReadUInt64() & 0xff;
        var ring = Ring(index, message);
        var kick = TakeEventFd(message)
            ?? throw new VhostUserException("A ring without kick descriptor would have to be polled, which is not supported.");
        Stop(index);
        ring.Kick?.Dispose();
        ring.Kick = kick;
        StartIfReady(index);
    }

    private void SetVringCall(VhostUserMessage message)
    {
        var index = (uint)message.ReadUInt64() & 0xff;
        var ring = Ring(index, message);
        var call = TakeEventFd(message);
        // The worker may be about to signal the one before.
        RunOnWorker(index, () => ring.Call.Set(call));
    }

    private void EnableVring(VhostUserMessage message)
    {
        var index = message.ReadUInt32(0);
        var ring = Ring(index, message);
        ring.IsEnabled = message.ReadUInt32(4) != 0;
        if (ring.IsEnabled)
            StartIfReady(index);
        else
            Stop(index);
    }

    private void ReplyVringBase(VhostUserMessage message)
    {
        var index = message.ReadUInt32(0);
        var ring = Ring(index, message);
        Stop(index);
        DropKick(ring);
        Span<byte> payload = stackalloc byte[8];
        BinaryPrimitives.WriteUInt32LittleEndian(payload, index);
        BinaryPrimitives.WriteUInt32LittleEndian(payload[4..], ring.Served.Position);
        Reply(message, payload);
    }

    private void StartIfReady(uint index)
    {
        var ring = _rings[index];
        if (ring.IsStarted || !ring.IsEnabled || ring.Kick is null || ring.Size == 0 || ring.Address is not { } address)
            return;
        var layout = new QueueLayout
        {
            Size = ring.Size,
            DescriptorTable = address.Descriptors,
            AvailableRing = address.Available,
            UsedRing = address.Used,
            EventIndex = (_features & VirtioFeatures.EventIndex) != 0,
            Indirect = (_features & VirtioFeatures.IndirectDescriptors) != 0,
        };
        var (kick, memory, isBound) = (ring.Kick, _memory.View, false);
        var worker = _device.WorkerOf((int)index);
        LinuxException? failure = null;
        RunOnWorker(index, () =>
        {
            try
            {
                isBound = ring.Served.TryStart(_threads[worker].Loop, _device.Workers[worker], kick, memory, layout, ring.Call);
            }
            catch (LinuxException e)
            {
                failure = e;
            }
        });
        if (failure is not null)
            throw new VhostUserException($"The kick descriptor of ring {index} is not an eventfd: {failure.Message}");
        if (!isBound)
            throw new VhostUserException($"Ring {index} of {ring.Size} entries is misaligned or reaches beyond its memory region.");
        ring.IsStarted = ring.HasRun = true;
        VhostUserLog.RingStarted(_logger, index, ring.Size, ring.Served.Position);
    }

    private void Stop(uint index)
    {
        var ring = _rings[index];
        if (!ring.IsStarted)
            return;
        RunOnWorker(index, ring.Served.Stop);
        ring.IsStarted = false;
        VhostUserLog.RingStopped(_logger, index, ring.Served.Position);
    }

    private static void DropKick(VhostUserRing ring)
    {
        ring.Kick?.Dispose();
        ring.Kick = null;
    }

    /// <summary>Runs something on the thread of the ring's worker and waits for it.</summary>
    /// <exception cref="TimeoutException">The worker does not answer: it keeps what it has, and the device is lost.</exception>
    private void RunOnWorker(uint index, Action action)
    {
        var worker = _device.WorkerOf((int)index);
        if (worker == 0)
            action();
        else if (!_threads[worker].TryRun(action, WorkerLimit))
            throw new TimeoutException($"The device's thread for queue {index} has ended or hangs.");
    }

    private void ResetDevice()
    {
        StopRings();
        foreach (var ring in _rings)
        {
            DropKick(ring);
            ring.IsEnabled = (_features & VhostUserProtocol.ProtocolFeaturesBit) == 0;
        }

        ForgetDriver();
    }

    private void StopRings()
    {
        for (var i = 0u; i < _rings.Length; i++)
            Stop(i);
    }

    private void ForgetDriver()
    {
        if (_rings.Any(ring => ring.IsStarted))
            throw new VhostUserException("One ring began anew while others ran on.");
        foreach (var ring in _rings)
            ring.HasRun = false;
        _device.Reset();
    }

    private void ChangeMemory(VhostUserMessage message)
    {
        switch (message.Request)
        {
            case VhostUserRequest.SetMemoryTable:
                ReplaceMemory(message);
                break;
            case VhostUserRequest.AddMemoryRegion:
                _memory.Add(VhostUserRegion.Read(message, 8), message.TakeDescriptor(0));
                RebindRings(_memory.View);
                break;
            default:
                RemoveMemory(VhostUserRegion.Read(message, 8));
                break;
        }
    }

    private void RemoveMemory(in VhostUserRegion region)
    {
        var removed = _memory.Remove(region);
        try
        {
            RebindRings(_memory.View);
        }
        catch (VhostUserException)
        {
            removed.Dispose();
            throw;
        }

        removed.Dispose();
    }

    private void ReplaceMemory(VhostUserMessage message)
    {
        var count = message.ReadUInt32(0);
        if (count > VhostUserProtocol.MaxTableRegions || message.DescriptorCount != count)
            throw new VhostUserException($"A memory table of {count} regions came with {message.DescriptorCount} file descriptors.");
        var replacement = new VhostUserMemory();
        try
        {
            for (var i = 0; i < count; i++)
                replacement.Add(VhostUserRegion.Read(message, 8 + (i * VhostUserProtocol.RegionSize)), message.TakeDescriptor(i));
            RebindRings(replacement.View);
        }
        catch (Exception e) when (e is not TimeoutException)
        {
            replacement.Dispose();
            throw;
        }

        var previous = _memory;
        _memory = replacement;
        previous.Dispose();
        VhostUserLog.MemoryShared(_logger, (int)count);
    }

    /// <summary>Lets the rings go on in changed memory. When one cannot, none runs any more: memory may be unmapped either way.</summary>
    /// <exception cref="VhostUserException">A ring is not in there any more.</exception>
    /// <exception cref="TimeoutException">A thread does not answer, and may touch any of the memory.</exception>
    private void RebindRings(GuestMemory memory)
    {
        for (var i = 0u; i < _rings.Length; i++)
        {
            var (ring, isBound) = (_rings[i], false);
            if (!ring.IsStarted)
                continue;
            RunOnWorker(i, () => isBound = ring.Served.TryRebind(memory));
            if (isBound)
                continue;
            StopRings();
            throw new VhostUserException($"Ring {i} is running in memory that was taken away.");
        }
    }

    private VhostUserRing StoppedRing(VhostUserMessage message)
    {
        var ring = Ring(message.ReadUInt32(0), message);
        return ring.IsStarted ? throw new VhostUserException($"{message.Request} for a running ring.") : ring;
    }

    private VhostUserRing Ring(uint index, VhostUserMessage message) => index < _rings.Length
        ? _rings[index]
        : throw new VhostUserException($"{message.Request} names ring {index}; the device has {_rings.Length}.");

    private static SafeFileHandle? TakeEventFd(VhostUserMessage message)
    {
        if ((message.ReadUInt64() & VhostUserProtocol.NoDescriptorFlag) != 0)
            return null;
        var descriptor = message.TakeDescriptor(0);
        FileDescriptors.SetNonBlocking(descriptor, true);
        return descriptor;
    }
}
