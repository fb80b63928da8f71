using System.Runtime.InteropServices;
using static Kata.Linux.Interop;

namespace Kata.Linux;

/// <summary>
/// Bytes in and out of any connected stream socket without exceptions, for event loops:
/// a result below zero is the negated <see cref="Errno"/>.
/// </summary>
public static partial class StreamSocket
{
    /// <summary>send(2) without SIGPIPE. Returns the bytes sent or <c>-(int)Errno</c>, among them EAGAIN for a full non-blocking socket.</summary>
    public static unsafe int Send(SafeHandle socket, ReadOnlySpan<byte> data)
    {
        fixed (byte* pointer = data)
        {
            nint count;
            do
                count = send(socket, pointer, data.Length, MSG_NOSIGNAL);
            while (count < 0 && LinuxException.LastErrno == Errno.EINTR);
            return count < 0 ? -(int)LinuxException.LastErrno : (int)count;
        }
    }

    /// <summary>recv(2). Returns the bytes received, 0 at the end of the stream, or <c>-(int)Errno</c>, among them EAGAIN for an empty non-blocking socket.</summary>
    public static unsafe int Receive(SafeHandle socket, Span<byte> buffer)
    {
        fixed (byte* pointer = buffer)
        {
            nint count;
            do
                count = recv(socket, pointer, buffer.Length, 0);
            while (count < 0 && LinuxException.LastErrno == Errno.EINTR);
            return count < 0 ? -(int)LinuxException.LastErrno : (int)count;
        }
    }

    /// <summary>Ends one or both directions for every descriptor of this socket. Does nothing on a socket that is not connected any more.</summary>
    /// <param name="sendOnly">Only the sending direction: the peer reads the end of the stream.</param>
    public static void Shutdown(SafeHandle socket, bool sendOnly = false) => _ = shutdown(socket, sendOnly ? SHUT_WR : SHUT_RDWR);
}
