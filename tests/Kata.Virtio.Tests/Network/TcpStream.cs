using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Kata.Virtio.Network;

namespace Kata.Virtio.Tests.Network;

/// <summary>A TCP connection from a socket of the host to the guest, whose side is done by hand: enough for data without losses.</summary>
internal sealed class TcpStream : IDisposable
{
    private const byte Syn = 2, Ack = 16;
    private const ushort GuestPort = 80;
    private readonly NetworkMachine _machine;
    private readonly int _hostPort;
    private uint _sent = 1000;
    private uint _received;

    public TcpStream(NetworkMachine machine)
    {
        _machine = machine;
        Socket.Bind(new IPEndPoint(NetworkMachine.HostAddress, 0));
        _hostPort = ((IPEndPoint)Socket.LocalEndPoint!).Port;
        Socket.Blocking = false;
        // It goes on in the background.
        Assert.ThrowsExactly<SocketException>(() => Socket.Connect(NetworkMachine.GuestAddress, GuestPort));
        var (_, syn) = machine.TakePacket();
        Assert.AreEqual(Syn, FlagsOf(syn));
        _received = SequenceOf(syn) + 1;
        Send(Syn | Ack, []);
        _sent++;
        Assert.IsTrue(Socket.Poll(NetworkMachine.Limit, SelectMode.SelectWrite));
        Socket.Blocking = true;
        Socket.ReceiveTimeout = (int)NetworkMachine.Limit.TotalMilliseconds;
    }

    public Socket Socket { get; } = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };

    /// <summary>The guest receives; acknowledges each frame. Returns the largest one's header, too.</summary>
    public (byte[] Data, NetworkHeader Largest) Receive(int count)
    {
        var data = new List<byte>();
        var (largest, length) = (default(NetworkHeader), 0);
        while (data.Count < count)
        {
            var (header, frame) = _machine.TakePacket();
            var payload = Frames.PayloadOf(frame);
            if (payload.IsEmpty)
                continue;
            Assert.AreEqual(_received, SequenceOf(frame));
            data.AddRange(payload);
            _received += (uint)payload.Length;
            if (payload.Length > length)
                (largest, length) = (header, payload.Length);
            Send(Ack, []);
        }

        return ([.. data], largest);
    }

    /// <summary>The guest sends one frame, of whatever size, and lets the host do the rest.</summary>
    public void SendLarge(ReadOnlySpan<byte> payload, ushort segmentBytes)
    {
        var frame = Frames.TcpSegment(_machine.HostMac, GuestPort, _hostPort, _sent, _received, Ack, payload);
        var header = Frames.LeaveChecksum(frame) with { SegmentationType = 1, SegmentSize = segmentBytes, HeaderLength = 54 };
        _machine.Send(header, frame);
        _sent += (uint)payload.Length;
    }

    public void Dispose() => Socket.Dispose();

    private static byte FlagsOf(byte[] frame) => (byte)(frame[Frames.Ethernet + Frames.IPv4 + 13] & (Syn | Ack));

    private static uint SequenceOf(byte[] frame) => BinaryPrimitives.ReadUInt32BigEndian(frame.AsSpan(Frames.Ethernet + Frames.IPv4 + 4));

    private void Send(byte flags, ReadOnlySpan<byte> payload) =>
        _machine.Send(default, Frames.TcpSegment(_machine.HostMac, GuestPort, _hostPort, _sent, _received, flags, payload));
}
