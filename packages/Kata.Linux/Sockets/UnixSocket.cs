using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;
using static Kata.Linux.Interop;

namespace Kata.Linux;

/// <summary>Stream sockets of the unix domain as plain descriptors, and what <c>System.Net.Sockets</c> lacks: credentials and passed descriptors.</summary>
public static class UnixSocket
{
    /// <summary>Bytes of the longest path a unix socket can have, without the terminator (sun_path).</summary>
    public const int MaxPathLength = 107;

    /// <summary>The most descriptors one message can carry here; the kernel allows 253 (SCM_MAX_FD).</summary>
    public const int MaxDescriptors = 32;

    /// <summary>Makes a listening socket at <paramref name="path"/>.</summary>
    /// <param name="mode">Permissions of the socket file. It never exists with wider ones.</param>
    /// <exception cref="LinuxException">EADDRINUSE when the path exists; ENAMETOOLONG beyond <see cref="MaxPathLength"/>.</exception>
    public static SafeFileHandle Listen(string path, uint mode = 0x180 /* 0600 */, int backlog = 128)
    {
        var socket = NewSocket();
        try
        {
            // fchmod on the unbound socket sets the mode that bind(2) gives the file: no window with wider permissions.
            LinuxException.Check(fchmod(socket, mode), "fchmod", path);
            Bind(socket, path);
            LinuxException.Check(listen(socket, backlog), "listen", path);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Connects to a listening socket. Blocks only while the listener's backlog is full.</summary>
    /// <exception cref="LinuxException">ENOENT or ECONNREFUSED when nobody listens.</exception>
    public static unsafe SafeFileHandle Connect(string path)
    {
        var socket = NewSocket();
        try
        {
            var (address, length) = ToAddress(path);
            while (connect(socket, &address, length) != 0)
            {
                if (LinuxException.LastErrno != Errno.EINTR)
                    throw LinuxException.FromLastError("connect", path);
            }

            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>A connected pair.</summary>
    public static unsafe (SafeFileHandle First, SafeFileHandle Second) Pair()
    {
        var fds = stackalloc int[2];
        LinuxException.Check(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), "socketpair");
        return (new SafeFileHandle(fds[0], true), new SafeFileHandle(fds[1], true));
    }

    /// <summary>Takes the next connection of a listening socket (also a vsock one); null when a non-blocking listener has none.</summary>
    public static unsafe SafeFileHandle? Accept(SafeHandle listener)
    {
        while (true)
        {
            var handle = accept4(listener, null, null, SOCK_CLOEXEC);
            if (!handle.IsInvalid)
                return handle;
            var errno = LinuxException.LastErrno;
            handle.Dispose();
            if (errno == Errno.EAGAIN)
                return null;
            // ECONNABORTED: the peer went away between its connect and our accept.
            if (errno is not (Errno.EINTR or Errno.ECONNABORTED))
                throw new LinuxException("accept4", null, errno);
        }
    }

    /// <summary>Who connected (SO_PEERCRED).</summary>
    public static unsafe PeerCredentials GetPeerCredentials(SafeHandle socket)
    {
        Credentials credentials;
        var length = (uint)sizeof(Credentials);
        LinuxException.Check(getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &length), "getsockopt", "SO_PEERCRED");
        return new PeerCredentials(credentials.Pid, credentials.Uid, credentials.Gid);
    }

    /// <summary>Sends bytes and descriptors in one message. Returns the bytes sent, or -1 when a non-blocking socket is full.</summary>
    public static unsafe int Send(SafeHandle socket, ReadOnlySpan<byte> data, ReadOnlySpan<SafeHandle> descriptors)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(descriptors.Length, MaxDescriptors);
        var referenced = 0;
        var control = stackalloc byte[sizeof(ControlHeader) + (MaxDescriptors * sizeof(int))];
        try
        {
            var numbers = (int*)(control + sizeof(ControlHeader));
            for (; referenced < descriptors.Length; referenced++)
            {
                var added = false;
                descriptors[referenced].DangerousAddRef(ref added);
                numbers[referenced] = (int)descriptors[referenced].DangerousGetHandle();
            }

            var size = sizeof(ControlHeader) + (descriptors.Length * sizeof(int));
            *(ControlHeader*)control = new ControlHeader { Length = size, Level = SOL_SOCKET, Type = SCM_RIGHTS };
            fixed (byte* pointer = data)
            {
                var vector = new IoVector { Base = pointer, Length = data.Length };
                var message = new MessageHeader { Vectors = &vector, VectorCount = 1 };
                if (!descriptors.IsEmpty)
                {
                    message.Control = control;
                    message.ControlLength = Align(size);
                }

                nint count;
                do
                    count = sendmsg(socket, &message, MSG_NOSIGNAL);
                while (count < 0 && ShouldRetry("sendmsg"));
                return (int)count;
            }
        }
        finally
        {
            while (referenced > 0)
                descriptors[--referenced].DangerousRelease();
        }
    }

    /// <summary>
    /// Receives bytes and the descriptors that came with them (appended to <paramref name="descriptors"/>; the caller owns them).
    /// Returns 0 at the end of the stream, -1 when a non-blocking socket has nothing yet.
    /// </summary>
    /// <exception cref="LinuxException">EMSGSIZE when the peer sent more than <see cref="MaxDescriptors"/> descriptors; those received are closed.</exception>
    public static unsafe int Receive(SafeHandle socket, Span<byte> buffer, ICollection<SafeFileHandle> descriptors)
    {
        var size = Align(sizeof(ControlHeader) + (MaxDescriptors * sizeof(int)));
        var control = stackalloc byte[(int)size];
        fixed (byte* pointer = buffer)
        {
            var vector = new IoVector { Base = pointer, Length = buffer.Length };
            var message = new MessageHeader { Vectors = &vector, VectorCount = 1, Control = control, ControlLength = size };
            nint count;
            do
                count = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
            while (count < 0 && ShouldRetry("recvmsg"));
            if (count < 0)
                return -1;
            var received = new List<SafeFileHandle>();
            var header = (ControlHeader*)control;
            if (message.ControlLength >= sizeof(ControlHeader) && header->Level == SOL_SOCKET && header->Type == SCM_RIGHTS)
            {
                var numbers = (int*)(control + sizeof(ControlHeader));
                for (var i = 0; i < (header->Length - sizeof(ControlHeader)) / sizeof(int); i++)
                    received.Add(new SafeFileHandle(numbers[i], ownsHandle: true));
            }

            if ((message.Flags & MSG_CTRUNC) != 0)
            {
                received.ForEach(descriptor => descriptor.Dispose());
                throw new LinuxException("recvmsg", $"more than {MaxDescriptors} descriptors", Errno.EMSGSIZE);
            }

            received.ForEach(descriptors.Add);
            return (int)count;
        }
    }

    internal static SafeFileHandle NewSocket(int family = AF_UNIX, int flags = 0) =>
        FileDescriptors.Valid(socket(family, SOCK_STREAM | SOCK_CLOEXEC | flags, 0), "socket");

    private static unsafe void Bind(SafeHandle socket, string path)
    {
        var (address, length) = ToAddress(path);
        LinuxException.Check(bind(socket, &address, length), "bind", path);
    }

    internal static unsafe (UnixAddress Address, uint Length) ToAddress(string path)
    {
        var address = new UnixAddress { Family = AF_UNIX };
        if (Encoding.UTF8.GetByteCount(path) > MaxPathLength)
            throw new LinuxException("unix socket", path, Errno.ENAMETOOLONG);
        var length = Encoding.UTF8.GetBytes(path, new Span<byte>(address.Path, MaxPathLength));
        return (address, (uint)(sizeof(ushort) + length + 1));
    }

    private static nint Align(nint size) => (size + 7) & ~(nint)7;

    /// <summary>True after EINTR, false after EAGAIN; anything else throws.</summary>
    private static bool ShouldRetry(string call) => LinuxException.LastErrno switch
    {
        Errno.EINTR => true,
        Errno.EAGAIN => false,
        var errno => throw new LinuxException(call, null, errno),
    };
}
