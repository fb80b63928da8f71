using System.Runtime.InteropServices;

namespace Kata.Linux;

internal static partial class Interop
{
    internal const int SHUT_WR = 1;
    internal const int SHUT_RDWR = 2;

    [LibraryImport(Libc, SetLastError = true)]
    internal static unsafe partial nint send(SafeHandle socket, byte* data, nint length, int flags);

    [LibraryImport(Libc, SetLastError = true)]
    internal static unsafe partial nint recv(SafeHandle socket, byte* data, nint length, int flags);

    [LibraryImport(Libc, SetLastError = true)]
    internal static partial int shutdown(SafeHandle socket, int how);
}
