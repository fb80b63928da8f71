using System.Runtime.InteropServices;
using Google.Protobuf;
using Kata.Linux;
using Kata.Ttrpc.Tests.Wire;
using Kata.Ttrpc.Wire;
using Microsoft.Win32.SafeHandles;

namespace Kata.Ttrpc.Tests;

/// <summary>The other end of a connection, spoken byte by byte.</summary>
internal sealed class RawPeer(SafeFileHandle socket) : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(20);

    public SafeFileHandle Socket { get; } = socket;

    /// <summary>A raw client of a server.</summary>
    public static RawPeer ConnectTo(TtrpcServer server)
    {
        var (near, far) = UnixSocket.Pair();
        server.Serve(far);
        return new RawPeer(near);
    }

    /// <summary>A raw server for a channel.</summary>
    public static (RawPeer Peer, TtrpcChannel Channel) CreateServer(TtrpcChannelOptions? options = null)
    {
        var (near, far) = UnixSocket.Pair();
        return (new RawPeer(near), TtrpcChannel.FromHandle(far, options));
    }

    /// <summary>A frame: header and data.</summary>
    public static byte[] Frame(uint id, byte type, byte flags, params byte[] data)
    {
        var frame = new byte[FrameHeader.Size + data.Length];
        new FrameHeader((uint)data.Length, id, (FrameType)type, (FrameFlags)flags).Write(frame);
        data.CopyTo(frame, FrameHeader.Size);
        return frame;
    }

    public static byte[] RequestFrame(uint id, string method, IMessage? message, byte flags = 0, string service = ProbeService.Name) =>
        Frame(id, 1, flags, new Request { Service = service, Method = method, Payload = message?.ToByteString() ?? ByteString.Empty }.ToByteArray());

    public static byte[] DataFrame(uint id, byte flags, IMessage? message) => Frame(id, 3, flags, message?.ToByteArray() ?? []);

    /// <summary>Writes everything, waiting for room if need be.</summary>
    public void Send(params byte[][] parts)
    {
        foreach (var part in parts)
        {
            for (var sent = 0; sent < part.Length;)
            {
                var count = StreamSocket.Send(Socket, part.AsSpan(sent));
                Assert.IsGreaterThan(0, count, $"send: {(Errno)(-count)}");
                sent += count;
            }
        }
    }

    public byte[] Receive(int count)
    {
        var bytes = new byte[count];
        for (var received = 0; received < count;)
        {
            var part = ReceiveSome(bytes.AsSpan(received));
            Assert.AreNotEqual(0, part, $"the connection ended after {received} of {count} bytes");
            received += part;
        }

        return bytes;
    }

    public (FrameHeader Header, byte[] Data) ReceiveFrame()
    {
        var header = FrameHeader.Read(Receive(FrameHeader.Size));
        return (header, Receive((int)header.Length));
    }

    /// <summary>Expects a response and returns its status code and text.</summary>
    public (int Code, string Message) ReceiveStatus(uint id)
    {
        var response = ReceiveResponse(id);
        return (response.Status?.Code ?? 0, response.Status?.Message ?? "");
    }

    public Response ReceiveResponse(uint id)
    {
        var (header, data) = ReceiveFrame();
        Assert.AreEqual(new FrameHeader((uint)data.Length, id, FrameType.Response, FrameFlags.None), header);
        return Response.Parser.ParseFrom(data);
    }

    /// <summary>Expects the connection to end without another byte.</summary>
    public void ExpectEnd() => Assert.AreEqual(0, ReceiveSome(new byte[1]));

    public void CloseSending() => StreamSocket.Shutdown(Socket, sendOnly: true);

    public void Dispose() => Socket.Dispose();

    private int ReceiveSome(Span<byte> buffer)
    {
        Assert.AreNotEqual(PollEvents.None, FileDescriptors.Poll(Socket, PollEvents.Readable, s_patience), "nothing came");
        var count = StreamSocket.Receive(Socket, buffer);
        return count == -(int)Errno.ECONNRESET ? 0 : count;
    }
}
