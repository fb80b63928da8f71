using System.Net;
using System.Net.Sockets;

namespace Kata.Virtio.Tests.Network;

/// <summary>Datagrams of the host's kernel.</summary>
internal static class HostSocket
{
    public static Socket Bind()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp)
        {
            ReceiveTimeout = (int)NetworkMachine.Limit.TotalMilliseconds,
        };
        socket.Bind(new IPEndPoint(NetworkMachine.HostAddress, 0));
        return socket;
    }

    public static int PortOf(Socket socket) => ((IPEndPoint)socket.LocalEndPoint!).Port;

    public static byte[] Receive(Socket socket)
    {
        var buffer = new byte[65536];
        return buffer[..socket.Receive(buffer)];
    }

    public static void Send(Socket socket, ReadOnlySpan<byte> payload) => socket.SendTo(payload, new IPEndPoint(NetworkMachine.GuestAddress, 7));

    /// <summary>Hands the kernel several datagrams of <paramref name="size"/> as one. False when it does not know how.</summary>
    public static bool TrySetSegmentation(Socket socket, int size)
    {
        const int SOL_UDP = 17, UDP_SEGMENT = 103;
        try
        {
            socket.SetRawSocketOption(SOL_UDP, UDP_SEGMENT, BitConverter.GetBytes(size));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
