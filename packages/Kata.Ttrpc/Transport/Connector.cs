using System.Globalization;
using System.Text;
using Kata.Linux;
using Microsoft.Win32.SafeHandles;

namespace Kata.Ttrpc.Transport;

/// <summary>Opens client sockets.</summary>
internal static class Connector
{
    private const int MaxReply = 256;

    public static async Task<SafeFileHandle> ConnectAsync(TtrpcAddress address, TimeSpan timeout, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(timeout);
        try
        {
            return await Task.Run(() => Connect(address, limit.Token), limit.Token).WaitAsync(limit.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new TimeoutException($"{address} did not answer within {timeout.TotalSeconds:0.###} s.");
        }
    }

    private static SafeFileHandle Connect(TtrpcAddress address, CancellationToken cancellationToken)
    {
        var socket = address.Kind == TtrpcAddressKind.Vsock ? Vsock.Connect(address.Cid, address.Port) : UnixSocket.Connect(address.Path);
        try
        {
            if (address.Kind == TtrpcAddressKind.HybridVsock)
                Handshake(socket, address, cancellationToken);
            cancellationToken.ThrowIfCancellationRequested();
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static void Handshake(SafeFileHandle socket, TtrpcAddress address, CancellationToken cancellationToken)
    {
        using var abort = cancellationToken.UnsafeRegister(static s => StreamSocket.Shutdown((SafeFileHandle)s!), socket);
        var greeting = string.Create(CultureInfo.InvariantCulture, $"CONNECT {address.Port}\n");
        StreamSocket.Send(socket, Encoding.ASCII.GetBytes(greeting));
        // Byte by byte: what follows the line belongs to ttrpc.
        Span<byte> reply = stackalloc byte[MaxReply];
        var length = 0;
        while (length < MaxReply && StreamSocket.Receive(socket, reply.Slice(length, 1)) == 1 && reply[length] != '\n')
            length++;
        cancellationToken.ThrowIfCancellationRequested();
        var line = Encoding.UTF8.GetString(reply[..length]);
        if (!line.Contains("OK", StringComparison.Ordinal))
        {
            throw new IOException(length == 0
                ? $"{address}: the VMM closed the connection; nothing listens on that port in the guest."
                : $"{address}: the VMM refused with '{line}'.");
        }
    }
}
