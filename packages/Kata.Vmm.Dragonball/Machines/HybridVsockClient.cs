using System.Net.Sockets;
using System.Text;
using Kata.Abstractions;

namespace Kata.Vmm.Dragonball.Machines;

/// <summary>Asks a vsock device at its host socket for a port of the guest: <c>CONNECT port</c>, and <c>OK port</c> in return.</summary>
internal static class HybridVsockClient
{
    private const int LongestAnswer = 32;

    public static async Task<Stream> ConnectAsync(string path, uint port, CancellationToken cancellationToken)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellationToken).ConfigureAwait(false);
            await socket.SendAsync(Encoding.ASCII.GetBytes($"CONNECT {port}\n"), cancellationToken).ConfigureAwait(false);
            if (await IsAcceptedAsync(socket, cancellationToken).ConfigureAwait(false))
                return new NetworkStream(socket, ownsSocket: true);
            throw new MicroVmException($"Nobody in the guest listens on vsock port {port}.", null, KataErrorKind.Unavailable);
        }
        catch (SocketException e)
        {
            socket.Dispose();
            throw new MicroVmException($"The vsock device at {path} does not answer: {e.Message}.", e, KataErrorKind.Unavailable);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Reads the answer's line and not a byte more: what follows is the connection's.</summary>
    private static async Task<bool> IsAcceptedAsync(Socket socket, CancellationToken cancellationToken)
    {
        var answer = new byte[LongestAnswer];
        for (var length = 0; length < answer.Length; length++)
        {
            if (await socket.ReceiveAsync(answer.AsMemory(length, 1), cancellationToken).ConfigureAwait(false) == 0)
                return false;
            if (answer[length] == (byte)'\n')
                return answer.AsSpan().StartsWith("OK "u8);
        }

        return false;
    }
}
