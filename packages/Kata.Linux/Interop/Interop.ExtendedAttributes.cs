using System.Runtime.InteropServices;

namespace Kata.Linux;

internal static partial class Interop
{
    [LibraryImport(Libc, SetLastError = true)]
    internal static unsafe partial nint getxattr(byte* path, byte* name, byte* value, nuint size);

    [LibraryImport(Libc, SetLastError = true)]
    internal static unsafe partial int setxattr(byte* path, byte* name, byte* value, nuint size, int flags);

    [LibraryImport(Libc, SetLastError = true)]
    internal static unsafe partial nint listxattr(byte* path, byte* list, nuint size);

    [LibraryImport(Libc, SetLastError = true)]
    internal static unsafe partial int removexattr(byte* path, byte* name);
}
