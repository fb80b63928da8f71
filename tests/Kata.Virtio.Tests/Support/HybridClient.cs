using System.Net.Sockets;
using System.Text;

namespace Kata.Virtio.Tests.Support;

/// <summary>A host client of the hybrid socket.</summary>
internal static class HybridClient
{
    /// <summary>Connects and shakes hands; null when the device closed the socket instead of answering OK.</summary>
    public static async Task<Socket?> TryConnectAsync(string path, uint port, CancellationToken cancellationToken)
    {
        var socket = await OpenAsync(path, cancellationToken);
        await socket.SendAsync(Encoding.ASCII.GetBytes($"CONNECT {port}\n"), cancellationToken);
        var line = await ReadLineAsync(socket, cancellationToken);
        if (line is not null)
        {
            StringAssert.StartsWith(line, "OK ");
            return socket;
        }

        socket.Dispose();
        return null;
    }

    /// <summary>As <see cref="TryConnectAsync"/>, and fails when the guest refused.</summary>
    public static async Task<Socket> ConnectAsync(string path, uint port, CancellationToken cancellationToken) =>
        await TryConnectAsync(path, port, cancellationToken) ?? throw new AssertFailedException($"The device closed the connection to port {port}.");

    public static async Task<Socket> OpenAsync(string path, CancellationToken cancellationToken)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellationToken);
        return socket;
    }

    /// <summary>A line without its end; null at the end of the stream. Reads no further than the line.</summary>
    public static async Task<string?> ReadLineAsync(Socket socket, CancellationToken cancellationToken)
    {
        var line = new StringBuilder();
        var one = new byte[1];
        while (await ReceiveAsync(socket, one, cancellationToken) == 1)
        {
            if (one[0] == '\n')
                return line.ToString();
            line.Append((char)one[0]);
        }

        return null;
    }

    /// <summary>Receives; a connection that the peer reset counts as ended.</summary>
    public static async Task<int> ReceiveAsync(Socket socket, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        try
        {
            return await socket.ReceiveAsync(buffer, cancellationToken);
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionReset)
        {
            return 0;
        }
    }

    public static async Task ReceiveExactlyAsync(Socket socket, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        while (!buffer.IsEmpty)
        {
            var count = await socket.ReceiveAsync(buffer, cancellationToken);
            Assert.AreNotEqual(0, count, "The stream ended too early.");
            buffer = buffer[count..];
        }
    }

    public static async Task SendAllAsync(Socket socket, ReadOnlyMemory<byte> data, CancellationToken cancellationToken)
    {
        while (!data.IsEmpty)
            data = data[await socket.SendAsync(data, cancellationToken)..];
    }
}
