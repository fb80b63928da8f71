using System.Buffers.Binary;
using Kata.Linux;
using Kata.Virtio.Devices;
using Kata.Virtio.Events;
using Microsoft.Extensions.Logging;
using Microsoft.Win32.SafeHandles;

namespace Kata.Virtio.VhostUser;

/// <summary>One front end (a VMM) driving a device: parses its requests, holds what it shared, and is the device's transport.</summary>
internal sealed partial class VhostUserConnection : IEventHandler, IVirtioTransport, IDisposable
{
    /// <summary>A worker may be within a system call on slow storage. After this it is not expected to come back.</summary>
    private static readonly TimeSpan WorkerLimit = TimeSpan.FromSeconds(60);

    private readonly IReadOnlyList<DeviceThread> _threads;
    private readonly EventLoop _loop;
    private readonly SafeFileHandle _socket;
    private readonly IQueueDevice _device;
    private readonly ILogger _logger;
    private readonly Action _closed;
    private readonly EventRegistration _registration;
    private readonly VhostUserReader _reader = new();
    private readonly VhostUserRing[] _rings;
    private VhostUserMemory _memory = new();
    private SafeFileHandle? _requestSocket;
    private ulong _features;
    private ulong _protocolFeatures;
    private bool _isClosed;
    private LogGate _restartGate;

    /// <param name="threads">Of the device's workers. The connection shares the first one's.</param>
    /// <param name="socket">Connected to the front end, non-blocking; owned from here on.</param>
    /// <param name="closed">Called on the first thread when the front end is gone, whoever ended it.</param>
    public VhostUserConnection(
        IReadOnlyList<DeviceThread> threads, SafeFileHandle socket, IQueueDevice device, ILogger logger, Action closed)
    {
        (_threads, _loop, _socket, _device, _logger, _closed) = (threads, threads[0].Loop, socket, device, logger, closed);
        _rings = [.. Enumerable.Range(0, device.QueueCount).Select(index => new VhostUserRing(index))];
        _registration = _loop.Add(socket, EpollEvents.Readable, this);
        device.Transport = this;
    }

    /// <summary>Guest memory leaves this process's resident set until it is used again.</summary>
    public void ReleasePages() => _memory.View.ReleasePages();

    public void OnEvents(EpollEvents events, int token)
    {
        try
        {
            while (!_isClosed && _reader.TryRead(_socket) is { } message)
            {
                using (message)
                    Handle(message);
            }

            if (_reader.IsEndOfStream)
                Close();
        }
        catch (Exception e) when (e is VhostUserException or LinuxException)
        {
            VhostUserLog.FrontEndRejected(_logger, e.Message);
            Close();
        }
    }

    /// <summary>vhost-user has no DEVICE_NEEDS_RESET; the error descriptors are what it offers.</summary>
    public void DeviceNeedsReset() => _loop.Post(() =>
    {
        if (_isClosed)
            return;
        foreach (var ring in _rings)
            ring.Error.Signal();
    });

    /// <summary>Only a front end that gave a socket for the back end's requests can be told.</summary>
    public void ConfigurationChanged() => _loop.Post(() =>
    {
        if (_requestSocket is null)
            return;
        Span<byte> request = stackalloc byte[VhostUserProtocol.HeaderSize];
        BinaryPrimitives.WriteUInt32LittleEndian(request, VhostUserProtocol.ConfigurationChanged);
        BinaryPrimitives.WriteUInt32LittleEndian(request[4..], VhostUserProtocol.Version);
        BinaryPrimitives.WriteUInt32LittleEndian(request[8..], 0);
        if (StreamSocket.Send(_requestSocket, request) == request.Length)
            return;
        // A front end that does not read them gets no more.
        SetRequestSocket(null);
    });

    public void Dispose() => Close();

    private void Close()
    {
        if (_isClosed)
            return;
        _isClosed = true;
        ResetDevice();
        foreach (var ring in _rings)
        {
            ring.Call.Dispose();
            ring.Error.Dispose();
        }

        SetRequestSocket(null);
        _device.Transport = null;
        _memory.Dispose();
        _loop.Remove(_registration, _socket);
        _reader.Dispose();
        _socket.Dispose();
        _closed();
    }

    private void Handle(VhostUserMessage message)
    {
        VhostUserLog.Request(_logger, message.Request, message.Payload.Length, message.DescriptorCount);
        var failed = false;
        switch (message.Request)
        {
            case VhostUserRequest.GetFeatures:
                Reply(message, _device.Features | VhostUserProtocol.ProtocolFeaturesBit);
                return;
            case VhostUserRequest.GetProtocolFeatures:
                Reply(message, VhostUserProtocol.Offered);
                return;
            case VhostUserRequest.GetQueueNum:
                Reply(message, (ulong)_device.QueueCount);
                return;
            case VhostUserRequest.GetMaxMemorySlots:
                Reply(message, VhostUserProtocol.MaxRegions);
                return;
            case VhostUserRequest.GetVringBase:
                ReplyVringBase(message);
                return;
            case VhostUserRequest.GetConfig:
                ReplyConfig(message);
                return;
            case VhostUserRequest.SetFeatures:
                SetFeatures(message.ReadUInt64());
                break;
            case VhostUserRequest.SetConfig:
                SetConfig(message);
                break;
            case VhostUserRequest.SetProtocolFeatures:
                _protocolFeatures = message.ReadUInt64();
                if ((_protocolFeatures & ~VhostUserProtocol.Offered) != 0)
                {
                    throw new VhostUserException(
                        $"Protocol features 0x{_protocolFeatures:x} were set, 0x{VhostUserProtocol.Offered:x} are offered.");
                }

                break;
            case VhostUserRequest.SetOwner:
                break;
            case VhostUserRequest.SetBackEndRequestFd:
                SetRequestSocket(message.TakeDescriptor(0));
                break;
            case VhostUserRequest.ResetOwner or VhostUserRequest.ResetDevice:
                ResetDevice();
                break;
            case VhostUserRequest.SetMemoryTable or VhostUserRequest.AddMemoryRegion or VhostUserRequest.RemoveMemoryRegion:
                ChangeMemory(message);
                break;
            default:
                failed = !TrySetVring(message);
                break;
        }

        if (message.NeedsReply && (_protocolFeatures & VhostUserProtocol.ReplyAck) != 0)
            Reply(message, failed ? 1UL : 0UL);
        else if (failed)
            throw new VhostUserException($"Request {(uint)message.Request} is not supported.");
    }

    private void SetFeatures(ulong features)
    {
        var offered = _device.Features | VhostUserProtocol.ProtocolFeaturesBit;
        if ((features & ~offered) != 0)
            throw new VhostUserException($"Features 0x{features:x} were set, 0x{offered:x} are offered.");
        if (features != _features && _rings.Any(ring => ring.IsStarted))
            throw new VhostUserException("Features changed while rings run.");
        _features = features;
        _device.SetFeatures(features & ~VhostUserProtocol.ProtocolFeaturesBit);
        // Without the protocol-features bit a ring is enabled from its start; with it, SET_VRING_ENABLE says so.
        if ((features & VhostUserProtocol.ProtocolFeaturesBit) == 0)
        {
            foreach (var ring in _rings)
                ring.IsEnabled = true;
        }
    }

    private void SetRequestSocket(SafeFileHandle? socket)
    {
        if (socket is not null)
            FileDescriptors.SetNonBlocking(socket, true);
        _requestSocket?.Dispose();
        _requestSocket = socket;
    }

    private void SetConfig(VhostUserMessage message)
    {
        var (offset, size) = (message.ReadUInt32(0), message.ReadUInt32(4));
        if (size > VhostUserProtocol.MaxConfigSize || message.Payload.Length != VhostUserProtocol.ConfigHeaderSize + size)
            throw new VhostUserException($"SET_CONFIG of {size} bytes has a payload of {message.Payload.Length} bytes.");
        _device.WriteConfiguration(offset, message.Payload[VhostUserProtocol.ConfigHeaderSize..]);
    }

    private void ReplyConfig(VhostUserMessage message)
    {
        var (offset, size) = (message.ReadUInt32(0), message.ReadUInt32(4));
        if (size > VhostUserProtocol.MaxConfigSize || message.Payload.Length != VhostUserProtocol.ConfigHeaderSize + size)
            throw new VhostUserException($"GET_CONFIG of {size} bytes has a payload of {message.Payload.Length} bytes.");
        Span<byte> payload = stackalloc byte[VhostUserProtocol.ConfigHeaderSize + (int)size];
        message.Payload.CopyTo(payload);
        _device.ReadConfiguration(offset, payload[VhostUserProtocol.ConfigHeaderSize..]);
        Reply(message, payload);
    }

    private void Reply(VhostUserMessage message, ulong value)
    {
        Span<byte> payload = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(payload, value);
        Reply(message, payload);
    }

    private void Reply(VhostUserMessage message, ReadOnlySpan<byte> payload)
    {
        Span<byte> reply = stackalloc byte[VhostUserProtocol.HeaderSize + payload.Length];
        BinaryPrimitives.WriteUInt32LittleEndian(reply, (uint)message.Request);
        BinaryPrimitives.WriteUInt32LittleEndian(reply[4..], VhostUserProtocol.Version | VhostUserProtocol.ReplyFlag);
        BinaryPrimitives.WriteUInt32LittleEndian(reply[8..], (uint)payload.Length);
        payload.CopyTo(reply[VhostUserProtocol.HeaderSize..]);
        if (StreamSocket.Send(_socket, reply) != reply.Length)
            throw new VhostUserException("The front end does not read its replies.");
    }
}
