using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Kata.Linux;

internal static partial class Interop
{
    internal const int EPOLL_CLOEXEC = 0x80000;
    internal const int EPOLL_CTL_ADD = 1;
    internal const int EPOLL_CTL_DEL = 2;
    internal const int EPOLL_CTL_MOD = 3;

    [LibraryImport(Libc, SetLastError = true)]
    internal static partial SafeFileHandle epoll_create1(int flags);

    [LibraryImport(Libc, SetLastError = true)]
    internal static unsafe partial int epoll_ctl(SafeHandle epoll, int operation, SafeHandle descriptor, void* entry);

    [LibraryImport(Libc, SetLastError = true)]
    internal static unsafe partial int epoll_wait(SafeHandle epoll, void* entries, int count, int timeoutMilliseconds);
}
