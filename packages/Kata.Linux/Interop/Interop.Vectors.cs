using System.Runtime.InteropServices;

namespace Kata.Linux;

internal static partial class Interop
{
    [LibraryImport(Libc, SetLastError = true)]
    internal static unsafe partial nint readv(SafeHandle fd, NativeBuffer* ranges, int count);

    [LibraryImport(Libc, SetLastError = true)]
    internal static unsafe partial nint writev(SafeHandle fd, NativeBuffer* ranges, int count);
}
