using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Kata.Linux;

internal static partial class Interop
{
    [LibraryImport(Libc, SetLastError = true)]
    internal static unsafe partial SafeFileHandle openat(SafeHandle directory, byte* name, int flags, uint mode);

    [LibraryImport(Libc, SetLastError = true)]
    internal static unsafe partial int mkdirat(SafeHandle directory, byte* name, uint mode);

    [LibraryImport(Libc, SetLastError = true)]
    internal static unsafe partial int mknodat(SafeHandle directory, byte* name, uint mode, ulong device);

    [LibraryImport(Libc, SetLastError = true)]
    internal static unsafe partial int symlinkat(byte* target, SafeHandle directory, byte* name);

    [LibraryImport(Libc, SetLastError = true)]
    internal static unsafe partial int linkat(SafeHandle oldDirectory, byte* oldName, SafeHandle newDirectory, byte* newName, int flags);

    [LibraryImport(Libc, SetLastError = true)]
    internal static unsafe partial int unlinkat(SafeHandle directory, byte* name, int flags);

    [LibraryImport(Libc, SetLastError = true)]
    internal static unsafe partial int renameat2(SafeHandle oldDirectory, byte* oldName, SafeHandle newDirectory, byte* newName, uint flags);

    [LibraryImport(Libc, SetLastError = true)]
    internal static unsafe partial nint readlinkat(SafeHandle directory, byte* name, byte* buffer, nuint size);

    [LibraryImport(Libc, SetLastError = true)]
    internal static unsafe partial nint getdents64(SafeHandle directory, void* buffer, nuint size);

    [LibraryImport(Libc, SetLastError = true)]
    internal static unsafe partial int fchmodat(SafeHandle directory, byte* name, uint mode, int flags);

    [LibraryImport(Libc, SetLastError = true)]
    internal static unsafe partial int fchownat(SafeHandle directory, byte* name, uint uid, uint gid, int flags);

    [LibraryImport(Libc, SetLastError = true)]
    internal static unsafe partial int utimensat(SafeHandle directory, byte* name, TimeSpecification* times, int flags);
}
