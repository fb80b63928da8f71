using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Kata.Linux;
using Microsoft.Win32.SafeHandles;

namespace Kata.Virtio.VhostUser.FrontEnd;

/// <summary>
/// The front end's side of a connection: one request at a time, each answered within a time limit. The back end is not trusted: a reply
/// that does not match its request ends the conversation. Single-threaded.
/// </summary>
internal sealed class VhostUserChannel : IDisposable
{
    private readonly SafeFileHandle _socket;
    private readonly TimeSpan _limit;
    private readonly VhostUserReader _reader = new();
    private readonly byte[] _message = new byte[VhostUserProtocol.HeaderSize + VhostUserProtocol.MaxPayload];

    /// <param name="socket">Connected to the back end; owned from here on.</param>
    /// <param name="limit">How long the back end may take for one request.</param>
    public VhostUserChannel(SafeFileHandle socket, TimeSpan limit)
    {
        (_socket, _limit) = (socket, limit);
        FileDescriptors.SetNonBlocking(socket, true);
    }

    public SafeHandle Socket => _socket;

    /// <summary>REPLY_ACK was negotiated: the back end tells whether a request succeeded.</summary>
    public bool AcknowledgesRequests { get; set; }

    /// <summary>Sends a request that has no reply of its own.</summary>
    /// <exception cref="VhostUserException">The back end refused it, broke the protocol, is too slow or gone.</exception>
    public void Send(VhostUserRequest request, ReadOnlySpan<byte> payload, params ReadOnlySpan<SafeHandle> descriptors)
    {
        Transmit(request, AcknowledgesRequests ? VhostUserProtocol.NeedReplyFlag : 0, payload, descriptors);
        if (!AcknowledgesRequests)
            return;
        using var reply = Receive(request, sizeof(ulong));
        if (reply.ReadUInt64() is not 0 and var error)
            throw new VhostUserException($"The back end refused {request} with {error}.");
    }

    public void Send(VhostUserRequest request, ulong value, params ReadOnlySpan<SafeHandle> descriptors) =>
        Send(request, MemoryMarshal.AsBytes(new ReadOnlySpan<ulong>(in value)), descriptors);

    public ulong Get(VhostUserRequest request)
    {
        using var reply = Ask(request, [], sizeof(ulong));
        return reply.ReadUInt64();
    }

    /// <summary>Sends a request and waits for its reply, which has <paramref name="replyBytes"/>.</summary>
    /// <exception cref="VhostUserException">The back end broke the protocol, is too slow or gone.</exception>
    public VhostUserMessage Ask(VhostUserRequest request, ReadOnlySpan<byte> payload, int replyBytes)
    {
        Transmit(request, 0, payload, []);
        return Receive(request, replyBytes);
    }

    /// <summary>What arrived although nothing was asked for: the connection has ended, or the back end broke the protocol.</summary>
    /// <exception cref="VhostUserException">Either of these.</exception>
    public void CheckSilence()
    {
        Span<byte> one = stackalloc byte[1];
        var count = StreamSocket.Peek(_socket, one);
        if (count == -(int)Errno.EAGAIN)
            return;
        throw new VhostUserException(
            count > 0 ? "The back end sent something that nobody asked for." : "The back end closed the connection.");
    }

    public void Dispose()
    {
        _reader.Dispose();
        _socket.Dispose();
    }

    private void Transmit(VhostUserRequest request, uint flags, ReadOnlySpan<byte> payload, ReadOnlySpan<SafeHandle> descriptors)
    {
        var message = _message.AsSpan(0, VhostUserProtocol.HeaderSize + payload.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(message, (uint)request);
        BinaryPrimitives.WriteUInt32LittleEndian(message[4..], VhostUserProtocol.Version | flags);
        BinaryPrimitives.WriteUInt32LittleEndian(message[8..], (uint)payload.Length);
        payload.CopyTo(message[VhostUserProtocol.HeaderSize..]);
        try
        {
            // A back end that lets requests pile up until the socket is full does not work.
            if (UnixSocket.Send(_socket, message, descriptors) != message.Length)
                throw new VhostUserException($"The back end does not take {request}.");
        }
        catch (LinuxException e)
        {
            throw new VhostUserException($"The back end is gone: {request} failed with {e.Errno}.");
        }
    }

    private VhostUserMessage Receive(VhostUserRequest request, int size)
    {
        var deadline = Environment.TickCount64 + (long)_limit.TotalMilliseconds;
        while (true)
        {
            if (TryReceive(request) is { } reply)
                return Checked(reply, request, size);
            if (_reader.IsEndOfStream)
                throw new VhostUserException($"The back end closed the connection instead of answering {request}.");
            var left = deadline - Environment.TickCount64;
            if (left <= 0 || FileDescriptors.Poll(_socket, PollEvents.Readable, TimeSpan.FromMilliseconds(left)) == PollEvents.None)
                throw new VhostUserException($"The back end did not answer {request} within {_limit.TotalSeconds} s.");
        }
    }

    private VhostUserMessage? TryReceive(VhostUserRequest request)
    {
        try
        {
            return _reader.TryRead(_socket);
        }
        catch (LinuxException e)
        {
            throw new VhostUserException($"The back end is gone: waiting for the answer to {request} failed with {e.Errno}.");
        }
    }

    private static VhostUserMessage Checked(VhostUserMessage reply, VhostUserRequest request, int size)
    {
        if (reply.Request == request && reply.IsReply && reply.Payload.Length == size)
            return reply;
        using (reply)
        {
            throw new VhostUserException(
                $"The back end answered {request} with message {(uint)reply.Request} of {reply.Payload.Length} bytes, expected {size}.");
        }
    }
}
