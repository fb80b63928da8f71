using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Kata.Linux;

namespace Kata.Ttrpc.Transport;

/// <summary>
/// Asks a VMM at its unix socket for a port of its guest: <c>CONNECT port</c>, and a line with <c>OK</c> in return. A guest that boots may
/// take seconds to answer; no thread waits for it.
/// </summary>
internal sealed class HybridHandshake : IPollTarget
{
    private const int MaxReply = 256;

    private readonly SafeHandle _socket;
    private readonly Lock _gate = new();
    private readonly TaskCompletionSource<string> _reply = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _isOver;

    private HybridHandshake(SafeHandle socket) => _socket = socket;

    /// <summary>Completes when the connection is the guest's.</summary>
    /// <param name="socket">Connected; nothing of what follows the reply's line is taken from it.</param>
    /// <exception cref="IOException">The VMM refused.</exception>
    public static async Task RunAsync(SafeHandle socket, TtrpcAddress address, CancellationToken cancellationToken)
    {
        var handshake = new HybridHandshake(socket);
        var token = SocketPoller.Shared.Add(socket, handshake);
        try
        {
            var greeting = string.Create(CultureInfo.InvariantCulture, $"CONNECT {address.Port}\n");
            StreamSocket.Send(socket, Encoding.ASCII.GetBytes(greeting));
            var reply = await handshake._reply.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
            if (!reply.Contains("OK", StringComparison.Ordinal))
            {
                throw new IOException(reply.Length == 0
                    ? $"{address}: the VMM closed the connection; nothing listens on that port in the guest."
                    : $"{address}: the VMM refused with '{reply}'.");
            }
        }
        finally
        {
            SocketPoller.Shared.Remove(socket, token);
            handshake.End();
        }
    }

    public IThreadPoolWorkItem? OnReady(EpollEvents events)
    {
        lock (_gate)
        {
            if (_isOver)
                return null;
            Span<byte> bytes = stackalloc byte[MaxReply];
            var count = Math.Max(StreamSocket.Peek(_socket, bytes), 0);
            var length = bytes[..count].IndexOf((byte)'\n');
            var isLast = count == MaxReply || (events & (EpollEvents.ReadHangUp | EpollEvents.HangUp | EpollEvents.Error)) != 0;
            if (length < 0 && !isLast)
                return null;
            _isOver = true;
            if (length >= 0)
                StreamSocket.Receive(_socket, bytes[..(length + 1)]);
            _reply.TrySetResult(Encoding.UTF8.GetString(bytes[..(length < 0 ? count : length)]));
            return null;
        }
    }

    /// <summary>No event that is still on its way may touch the socket any more.</summary>
    private void End()
    {
        lock (_gate)
            _isOver = true;
    }
}
