using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Kata.Linux;
using Kata.Virtio.VhostUser;
using Microsoft.Win32.SafeHandles;

namespace Kata.Virtio.Tests.Fakes;

/// <summary>A vhost-user front end over a real socket, free to break every rule. Blocking, with a time limit.</summary>
internal sealed class FakeFrontEnd : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    private readonly SafeFileHandle _socket;

    public FakeFrontEnd(string path)
        : this(UnixSocket.Connect(path))
    {
    }

    public FakeFrontEnd(SafeFileHandle socket) => _socket = socket;

    public void Send(VhostUserRequest request, ReadOnlySpan<byte> payload, params ReadOnlySpan<SafeHandle> descriptors) =>
        SendRaw(Message(request, payload), descriptors);

    public void Send(VhostUserRequest request, ulong value, params ReadOnlySpan<SafeHandle> descriptors) => Send(request, UInt64(value), descriptors);

    public void SendState(VhostUserRequest request, uint index, uint value) => Send(request, State(index, value));

    /// <summary>Sends a request with NEED_REPLY and returns the answer: 0 for success.</summary>
    public ulong Call(VhostUserRequest request, ReadOnlySpan<byte> payload, params ReadOnlySpan<SafeHandle> descriptors)
    {
        var message = Message(request, payload);
        message[4] |= (byte)VhostUserProtocol.NeedReplyFlag;
        SendRaw(message, descriptors);
        return BinaryPrimitives.ReadUInt64LittleEndian(Receive(request)!);
    }

    public ulong Get(VhostUserRequest request)
    {
        Send(request, []);
        return BinaryPrimitives.ReadUInt64LittleEndian(Receive(request)!);
    }

    public void SendRaw(ReadOnlySpan<byte> bytes, params ReadOnlySpan<SafeHandle> descriptors)
    {
        var sent = UnixSocket.Send(_socket, bytes, descriptors);
        Assert.AreEqual(bytes.Length, sent);
    }

    /// <summary>The payload of the reply to <paramref name="request"/>.</summary>
    public byte[] Receive(VhostUserRequest request)
    {
        var header = new byte[VhostUserProtocol.HeaderSize];
        Assert.IsTrue(TryReceive(header), "The back end closed the connection.");
        Assert.AreEqual((uint)request, BinaryPrimitives.ReadUInt32LittleEndian(header));
        Assert.AreEqual(VhostUserProtocol.Version | VhostUserProtocol.ReplyFlag, BinaryPrimitives.ReadUInt32LittleEndian(header.AsSpan(4)));
        var payload = new byte[BinaryPrimitives.ReadUInt32LittleEndian(header.AsSpan(8))];
        Assert.IsTrue(TryReceive(payload));
        return payload;
    }

    /// <summary>Waits for the back end to close the connection; fails when it answers instead.</summary>
    public void ExpectClosed() => Assert.IsFalse(TryReceive(new byte[1]), "The back end answered instead of closing the connection.");

    public static byte[] Message(VhostUserRequest request, ReadOnlySpan<byte> payload, uint flags = VhostUserProtocol.Version)
    {
        var message = new byte[VhostUserProtocol.HeaderSize + payload.Length];
        BinaryPrimitives.WriteUInt32LittleEndian(message, (uint)request);
        BinaryPrimitives.WriteUInt32LittleEndian(message.AsSpan(4), flags);
        BinaryPrimitives.WriteUInt32LittleEndian(message.AsSpan(8), (uint)payload.Length);
        payload.CopyTo(message.AsSpan(VhostUserProtocol.HeaderSize));
        return message;
    }

    public static byte[] UInt64(params ReadOnlySpan<ulong> values) => MemoryMarshal.AsBytes(values).ToArray();

    public static byte[] State(uint index, uint value) => UInt64(index | ((ulong)value << 32));

    public void Dispose() => _socket.Dispose();

    private bool TryReceive(Span<byte> buffer)
    {
        while (!buffer.IsEmpty)
        {
            Assert.AreNotEqual(PollEvents.None, FileDescriptors.Poll(_socket, PollEvents.Readable, Limit), "The back end does not answer.");
            var count = StreamSocket.Receive(_socket, buffer);
            if (count <= 0)
                return false;
            buffer = buffer[count..];
        }

        return true;
    }
}
