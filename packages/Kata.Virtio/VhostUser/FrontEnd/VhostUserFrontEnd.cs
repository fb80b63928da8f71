using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Kata.Linux;
using Kata.Virtio.Memory;
using Kata.Virtio.Queues;
using Microsoft.Win32.SafeHandles;

namespace Kata.Virtio.VhostUser.FrontEnd;

/// <summary>
/// Drives a device of another process over vhost-user: what a VMM does. Every method throws <see cref="VhostUserException"/> when the back
/// end refuses, breaks the protocol, takes too long or is gone; the connection is of no use after that. Single-threaded.
/// </summary>
internal sealed class VhostUserFrontEnd : IDisposable
{
    /// <summary>What this front end makes use of.</summary>
    private const ulong Wanted = VhostUserProtocol.MultiQueue | VhostUserProtocol.ReplyAck | VhostUserProtocol.Config;

    private readonly VhostUserChannel _channel;
    private readonly ulong _protocolFeatures;
    private GuestMemory _memory = new([]);

    /// <summary>Introduces itself and learns what the back end offers.</summary>
    /// <param name="socket">Connected to the back end; owned from here on.</param>
    /// <param name="limit">How long the back end may take for one request.</param>
    public VhostUserFrontEnd(SafeFileHandle socket, TimeSpan limit)
    {
        _channel = new VhostUserChannel(socket, limit);
        try
        {
            _channel.Send(VhostUserRequest.SetOwner, []);
            Features = _channel.Get(VhostUserRequest.GetFeatures);
            if (HasProtocolFeatures)
            {
                _protocolFeatures = _channel.Get(VhostUserRequest.GetProtocolFeatures) & Wanted;
                _channel.Send(VhostUserRequest.SetProtocolFeatures, _protocolFeatures);
                _channel.AcknowledgesRequests = (_protocolFeatures & VhostUserProtocol.ReplyAck) != 0;
            }

            QueueCount = (_protocolFeatures & VhostUserProtocol.MultiQueue) != 0 ? _channel.Get(VhostUserRequest.GetQueueNum) : null;
        }
        catch
        {
            _channel.Dispose();
            throw;
        }
    }

    /// <summary>Feature bits that the back end offers, <see cref="VhostUserProtocol.ProtocolFeaturesBit"/> included.</summary>
    public ulong Features { get; }

    /// <summary>Queues that the back end serves; null when it does not tell.</summary>
    public ulong? QueueCount { get; }

    /// <summary>Readable when the back end is gone: see <see cref="CheckSilence"/>.</summary>
    public SafeHandle Socket => _channel.Socket;

    private bool HasProtocolFeatures => (Features & VhostUserProtocol.ProtocolFeaturesBit) != 0;

    public static VhostUserFrontEnd Connect(string path, TimeSpan limit) => new(UnixSocket.Connect(path), limit);

    /// <summary>Tells what the driver accepted, a subset of <see cref="Features"/>.</summary>
    public void SetFeatures(ulong features) =>
        _channel.Send(VhostUserRequest.SetFeatures, features | (Features & VhostUserProtocol.ProtocolFeaturesBit));

    /// <summary>Shares guest memory, or what has become of it.</summary>
    /// <exception cref="InvalidOperationException">It cannot be shared: see <see cref="CheckShareable"/>.</exception>
    public void SetMemory(GuestMemory memory)
    {
        CheckShareable(memory);
        Span<byte> table = stackalloc byte[8 + (VhostUserProtocol.MaxTableRegions * VhostUserProtocol.RegionSize)];
        table.Clear();
        table[0] = (byte)memory.Regions.Count;
        var files = new SafeHandle[memory.Regions.Count];
        for (var i = 0; i < files.Length; i++)
        {
            var region = memory.Regions[i];
            files[i] = region.File!;
            new VhostUserRegion(region.Start, region.Length, (ulong)region.HostAddress, region.FileOffset)
                .Write(table[(8 + (i * VhostUserProtocol.RegionSize))..]);
        }

        _channel.Send(VhostUserRequest.SetMemoryTable, table[..(8 + (files.Length * VhostUserProtocol.RegionSize))], files);
        _memory = memory;
    }

    /// <summary>Checks whether another process can map all of the memory.</summary>
    /// <exception cref="InvalidOperationException">A region is private to this process, or there are too many.</exception>
    public static void CheckShareable(GuestMemory memory)
    {
        if (memory.Regions.FirstOrDefault(region => region.File is null) is { } region)
        {
            throw new InvalidOperationException(
                $"The guest's memory at 0x{region.Start:x} is private to this process, so a vhost-user back end cannot map it. "
                + "Use shared memory for this VM.");
        }

        if (memory.Regions.Count > VhostUserProtocol.MaxTableRegions)
        {
            throw new InvalidOperationException(
                $"The guest's memory has {memory.Regions.Count} regions; vhost-user shares at most {VhostUserProtocol.MaxTableRegions}.");
        }
    }

    /// <summary>Hands a ring over. False when it does not lie in the shared memory, which is the driver's fault.</summary>
    /// <param name="index">The ring.</param>
    /// <param name="layout">Where the driver put it.</param>
    /// <param name="position">Where to go on.</param>
    /// <param name="kick">The eventfd of the driver's notifications.</param>
    /// <param name="call">The eventfd that interrupts the driver.</param>
    public unsafe bool TryStartRing(int index, in QueueLayout layout, ushort position, SafeHandle kick, SafeHandle call)
    {
        if (!layout.TryResolve(_memory, out var descriptors, out var available, out var used))
            return false;
        SendState(VhostUserRequest.SetVringNum, index, layout.Size);
        SendState(VhostUserRequest.SetVringBase, index, position);
        // Flags and the address for logging dirty pages stay 0.
        ReadOnlySpan<ulong> address = [(ulong)index, (ulong)descriptors, (ulong)used, (ulong)available, 0];
        _channel.Send(VhostUserRequest.SetVringAddress, MemoryMarshal.AsBytes(address));
        // In this order, because a ring may run as soon as it has its kick.
        _channel.Send(VhostUserRequest.SetVringCall, (ulong)index, call);
        _channel.Send(VhostUserRequest.SetVringKick, (ulong)index, kick);
        if (HasProtocolFeatures)
            SendState(VhostUserRequest.SetVringEnable, index, 1);
        return true;
    }

    /// <summary>Takes a ring back. Returns where it stopped.</summary>
    public ushort StopRing(int index)
    {
        using var reply = _channel.Ask(VhostUserRequest.GetVringBase, State(stackalloc byte[8], index, 0), 8);
        return reply.ReadUInt32(0) == (uint)index
            ? (ushort)reply.ReadUInt32(4)
            : throw new VhostUserException($"The back end answered GetVringBase of ring {index} for ring {reply.ReadUInt32(0)}.");
    }

    /// <summary>Copies the back end's configuration space.</summary>
    public void ReadConfiguration(uint offset, Span<byte> destination)
    {
        if ((_protocolFeatures & VhostUserProtocol.Config) == 0)
            throw new VhostUserException("The back end has no configuration space to read.");
        Span<byte> payload = stackalloc byte[VhostUserProtocol.ConfigHeaderSize + VhostUserProtocol.MaxConfigSize];
        payload = payload[..(VhostUserProtocol.ConfigHeaderSize + destination.Length)];
        payload.Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(payload, offset);
        BinaryPrimitives.WriteUInt32LittleEndian(payload[4..], (uint)destination.Length);
        using var reply = _channel.Ask(VhostUserRequest.GetConfig, payload, payload.Length);
        reply.Payload[VhostUserProtocol.ConfigHeaderSize..].CopyTo(destination);
    }

    /// <summary>Looks what made <see cref="Socket"/> readable while nothing was asked for.</summary>
    public void CheckSilence() => _channel.CheckSilence();

    public void Dispose() => _channel.Dispose();

    private void SendState(VhostUserRequest request, int index, uint value) =>
        _channel.Send(request, State(stackalloc byte[8], index, value));

    private static Span<byte> State(Span<byte> payload, int index, uint value)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(payload, (uint)index);
        BinaryPrimitives.WriteUInt32LittleEndian(payload[4..], value);
        return payload;
    }
}
