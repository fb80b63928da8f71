using Kata.Linux;
using Microsoft.Win32.SafeHandles;

namespace Kata.Ttrpc.Transport;

/// <summary>Opens client sockets.</summary>
internal static class Connector
{
    public static async ValueTask<SafeFileHandle> ConnectAsync(TtrpcAddress address, TimeSpan timeout, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(timeout);
        try
        {
            // Connecting may wait: for a machine that does not answer, or a listener with a full backlog.
            var socket = await Task.Run(() => Open(address, limit.Token), limit.Token).WaitAsync(limit.Token).ConfigureAwait(false);
            try
            {
                if (address.Kind == TtrpcAddressKind.HybridVsock)
                    await HybridHandshake.RunAsync(socket, address, limit.Token).ConfigureAwait(false);
                return socket;
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new TimeoutException($"{address} did not answer within {timeout.TotalSeconds:0.###} s.");
        }
    }

    private static SafeFileHandle Open(TtrpcAddress address, CancellationToken cancellationToken)
    {
        var socket = address.Kind == TtrpcAddressKind.Vsock ? Vsock.Connect(address.Cid, address.Port) : UnixSocket.Connect(address.Path);
        if (!cancellationToken.IsCancellationRequested)
            return socket;
        // Nobody waits for it any more.
        socket.Dispose();
        throw new OperationCanceledException(cancellationToken);
    }
}
