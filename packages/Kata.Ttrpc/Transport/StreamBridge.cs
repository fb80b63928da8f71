using System.Net.Sockets;
using System.Runtime.InteropServices;
using Kata.Linux;

namespace Kata.Ttrpc.Transport;

/// <summary>Makes a socket out of a stream: a connected pair whose other end is pumped to and from it.</summary>
internal static class StreamBridge
{
    private const int BufferSize = 16 * 1024;

    /// <summary>The socket to use instead of <paramref name="stream"/>. Closing it disposes the stream.</summary>
    public static SafeHandle Attach(Stream stream)
    {
        var (near, far) = UnixSocket.Pair();
        var handle = new SafeSocketHandle(far.DangerousGetHandle(), ownsHandle: true);
        far.SetHandleAsInvalid();
        var socket = new NetworkStream(new Socket(handle), ownsSocket: true);
        _ = PumpAsync(stream, socket, () => socket.Socket.Shutdown(SocketShutdown.Send));
        _ = PumpAsync(socket, stream, () =>
        {
            stream.Dispose();
            socket.Dispose();
        });
        return near;
    }

    private static async Task PumpAsync(Stream source, Stream target, Action end)
    {
        var buffer = new byte[BufferSize];
        try
        {
            while (await source.ReadAsync(buffer).ConfigureAwait(false) is > 0 and var count)
            {
                await target.WriteAsync(buffer.AsMemory(0, count)).ConfigureAwait(false);
                await target.FlushAsync().ConfigureAwait(false);
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or OperationCanceledException or NotSupportedException)
        {
            // Either side is gone: pass the end on.
        }

        try
        {
            end();
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or IOException)
        {
            // The other direction was faster.
        }
    }
}
