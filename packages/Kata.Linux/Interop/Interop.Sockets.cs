using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Kata.Linux;

internal static partial class Interop
{
    internal const int AF_UNIX = 1;
    internal const int AF_VSOCK = 40;
    internal const int SOCK_STREAM = 1;
    internal const int SOCK_NONBLOCK = 0x800;
    internal const int SOCK_CLOEXEC = 0x80000;
    internal const int SOL_SOCKET = 1;
    internal const int SO_ERROR = 4;
    internal const int SO_PEERCRED = 17;
    internal const int SCM_RIGHTS = 1;
    internal const int MSG_NOSIGNAL = 0x4000;
    internal const int MSG_CMSG_CLOEXEC = 0x40000000;
    internal const int MSG_CTRUNC = 8;

    [LibraryImport(Libc, SetLastError = true)]
    internal static partial SafeFileHandle socket(int domain, int type, int protocol);

    [LibraryImport(Libc, SetLastError = true)]
    internal static unsafe partial int socketpair(int domain, int type, int protocol, int* fds);

    [LibraryImport(Libc, SetLastError = true)]
    internal static unsafe partial int bind(SafeHandle socket, void* address, uint length);

    [LibraryImport(Libc, SetLastError = true)]
    internal static partial int listen(SafeHandle socket, int backlog);

    [LibraryImport(Libc, SetLastError = true)]
    internal static unsafe partial int connect(SafeHandle socket, void* address, uint length);

    [LibraryImport(Libc, SetLastError = true)]
    internal static unsafe partial SafeFileHandle accept4(SafeHandle socket, void* address, uint* length, int flags);

    [LibraryImport(Libc, SetLastError = true)]
    internal static unsafe partial int getsockopt(SafeHandle socket, int level, int name, void* value, uint* length);

    [LibraryImport(Libc, SetLastError = true)]
    internal static unsafe partial nint sendmsg(SafeHandle socket, MessageHeader* message, int flags);

    [LibraryImport(Libc, SetLastError = true)]
    internal static unsafe partial nint recvmsg(SafeHandle socket, MessageHeader* message, int flags);

    [LibraryImport(Libc, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial uint if_nametoindex(string name);

    /// <summary>struct sockaddr_un.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal unsafe struct UnixAddress
    {
        internal ushort Family;
        internal fixed byte Path[108];
    }

    /// <summary>struct sockaddr_vm (linux/vm_sockets.h), 16 bytes.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 16)]
    internal struct VsockAddress
    {
        internal ushort Family;
        internal ushort Reserved;
        internal uint Port;
        internal uint Cid;
        internal uint Flags;
    }

    /// <summary>struct ucred.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct Credentials
    {
        internal int Pid;
        internal uint Uid;
        internal uint Gid;
    }

    /// <summary>struct iovec.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal unsafe struct IoVector
    {
        internal void* Base;
        internal nint Length;
    }

    /// <summary>struct msghdr on 64-bit Linux, 56 bytes.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal unsafe struct MessageHeader
    {
        internal void* Name;
        internal uint NameLength;
        internal IoVector* Vectors;
        internal nint VectorCount;
        internal void* Control;
        internal nint ControlLength;
        internal int Flags;
    }

    /// <summary>struct cmsghdr on 64-bit Linux, 16 bytes; the data follows.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct ControlHeader
    {
        internal nint Length;
        internal int Level;
        internal int Type;
    }
}
