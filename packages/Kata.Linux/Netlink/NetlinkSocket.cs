using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using static Kata.Linux.Interop;

namespace Kata.Linux.Netlink;

/// <summary>A NETLINK_ROUTE socket of the calling thread's network namespace. Requests block until the kernel has answered. Not thread-safe.</summary>
internal sealed class NetlinkSocket : IDisposable
{
    internal const ushort NLM_F_ACK = 4;
    internal const ushort NLM_F_REPLACE = 0x100;
    internal const ushort NLM_F_EXCL = 0x200;
    internal const ushort NLM_F_CREATE = 0x400;
    internal const ushort NLM_F_DUMP = 0x300;

    private const int AF_NETLINK = 16;
    private const int SOCK_RAW = 3;
    private const int SOCK_CLOEXEC = 0x80000;
    private const int NETLINK_ROUTE = 0;
    private const ushort NLMSG_ERROR = 2;
    private const ushort NLMSG_DONE = 3;

    /// <summary>The kernel fills at most 32 KiB per read of a dump.</summary>
    private const int BufferSize = 32 * 1024;

    private readonly SafeFileHandle _socket = FileDescriptors.Valid(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE), "socket", "NETLINK_ROUTE");
    private readonly byte[] _buffer = new byte[BufferSize];
    private uint _sequence;

    /// <summary>Handles one message of a dump: its payload after the header.</summary>
    internal delegate void MessageHandler(ReadOnlySpan<byte> payload);

    /// <summary>The sequence number for the next request.</summary>
    public uint NextSequence() => ++_sequence;

    /// <summary>Sends a request that asks for an acknowledgement.</summary>
    /// <param name="message">The message, finished with <see cref="NextSequence"/>.</param>
    /// <param name="what">For the error message.</param>
    /// <exception cref="LinuxException">The kernel refused.</exception>
    public void Request(ReadOnlySpan<byte> message, string what)
    {
        FileDescriptors.WriteAll(_socket, message);
        Receive(what, 0, null);
    }

    /// <summary>Sends a dump request and hands every message of type <paramref name="answerType"/> to <paramref name="handler"/>.</summary>
    public void Dump(ReadOnlySpan<byte> message, ushort answerType, string what, MessageHandler handler)
    {
        FileDescriptors.WriteAll(_socket, message);
        Receive(what, answerType, handler);
    }

    public void Dispose() => _socket.Dispose();

    private void Receive(string what, ushort answerType, MessageHandler? handler)
    {
        while (true)
        {
            var rest = _buffer.AsSpan(0, FileDescriptors.Read(_socket, _buffer));
            while (rest.Length >= NetlinkWriter.HeaderSize)
            {
                var length = (int)MemoryMarshal.Read<uint>(rest);
                if (length < NetlinkWriter.HeaderSize || length > rest.Length)
                    throw new LinuxException("netlink", what, Errno.EPROTO);
                var type = MemoryMarshal.Read<ushort>(rest[4..]);
                var payload = rest[NetlinkWriter.HeaderSize..length];
                var ours = MemoryMarshal.Read<uint>(rest[8..]) == _sequence;
                rest = rest[Math.Min(NetlinkWriter.Align(length), rest.Length)..];
                if (!ours)
                    continue;
                if (type == NLMSG_DONE)
                    return;
                if (type == NLMSG_ERROR)
                {
                    var error = payload.Length >= 4 ? -MemoryMarshal.Read<int>(payload) : (int)Errno.EPROTO;
                    if (error == 0)
                        return;
                    throw new LinuxException("netlink", what, (Errno)error);
                }

                if (type == answerType)
                    handler?.Invoke(payload);
            }
        }
    }
}
