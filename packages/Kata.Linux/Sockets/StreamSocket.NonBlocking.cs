using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using static Kata.Linux.Interop;

namespace Kata.Linux;

public static partial class StreamSocket
{
    private const int MSG_PEEK = 2;
    private const int MSG_DONTWAIT = 0x40;
    private const int SHUT_RD = 0;

    /// <summary>
    /// Connects a non-blocking socket to a unix socket; null with the reason when nobody listens or the backlog is full (EAGAIN).
    /// </summary>
    /// <exception cref="LinuxException">The path is too long, or the process is out of descriptors.</exception>
    public static unsafe SafeFileHandle? Connect(string path, out Errno error)
    {
        var (address, length) = UnixSocket.ToAddress(path);
        var handle = UnixSocket.NewSocket(AF_UNIX, SOCK_NONBLOCK);
        while (connect(handle, &address, length) != 0)
        {
            error = LinuxException.LastErrno;
            if (error == Errno.EINTR)
                continue;
            handle.Dispose();
            return null;
        }

        error = Errno.None;
        return handle;
    }

    /// <summary>Takes a connection as a non-blocking socket; null with the reason, EAGAIN when a non-blocking listener has none.</summary>
    public static unsafe SafeFileHandle? Accept(SafeHandle listener, out Errno error)
    {
        while (true)
        {
            var handle = accept4(listener, null, null, SOCK_CLOEXEC | SOCK_NONBLOCK);
            error = handle.IsInvalid ? LinuxException.LastErrno : Errno.None;
            if (error == Errno.None)
                return handle;
            handle.Dispose();
            if (error is not (Errno.EINTR or Errno.ECONNABORTED))
                return null;
        }
    }

    /// <summary>As <see cref="Receive(SafeHandle, Span{byte})"/>, but never blocks and leaves the bytes in the socket.</summary>
    public static unsafe int Peek(SafeHandle socket, Span<byte> buffer)
    {
        fixed (byte* pointer = buffer)
        {
            nint count;
            do
                count = recv(socket, pointer, buffer.Length, MSG_PEEK | MSG_DONTWAIT);
            while (count < 0 && LinuxException.LastErrno == Errno.EINTR);
            return count < 0 ? -(int)LinuxException.LastErrno : (int)count;
        }
    }

    /// <summary>Receives into several ranges without blocking. Returns as <see cref="Receive(SafeHandle, Span{byte})"/>.</summary>
    public static unsafe int Receive(SafeHandle socket, ReadOnlySpan<NativeBuffer> ranges)
    {
        fixed (NativeBuffer* vectors = ranges)
        {
            var message = new MessageHeader { Vectors = (IoVector*)vectors, VectorCount = ranges.Length };
            nint count;
            do
                count = recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
            while (count < 0 && LinuxException.LastErrno == Errno.EINTR);
            return count < 0 ? -(int)LinuxException.LastErrno : (int)count;
        }
    }

    /// <summary>Sends from several ranges without blocking. Returns as <see cref="Send(SafeHandle, ReadOnlySpan{byte})"/>.</summary>
    public static unsafe int Send(SafeHandle socket, ReadOnlySpan<NativeBuffer> ranges)
    {
        fixed (NativeBuffer* vectors = ranges)
        {
            var message = new MessageHeader { Vectors = (IoVector*)vectors, VectorCount = ranges.Length };
            nint count;
            do
                count = sendmsg(socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
            while (count < 0 && LinuxException.LastErrno == Errno.EINTR);
            return count < 0 ? -(int)LinuxException.LastErrno : (int)count;
        }
    }

    /// <summary>Ends the receiving direction: the peer can send no more.</summary>
    public static void ShutdownReceiving(SafeHandle socket) => _ = shutdown(socket, SHUT_RD);
}
