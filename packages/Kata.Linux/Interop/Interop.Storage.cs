using System.Runtime.InteropServices;

namespace Kata.Linux;

internal static partial class Interop
{
    internal const nuint BLKSSZGET = 0x1268;
    internal const nuint BLKGETSIZE64 = 0x80081272;
    internal const nuint BLKDISCARD = 0x1277;
    internal const nuint BLKPBSZGET = 0x127b;
    internal const int RWF_NOWAIT = 8;

    [LibraryImport(Libc, SetLastError = true)]
    internal static unsafe partial nint preadv2(SafeHandle fd, NativeBuffer* vectors, int count, long offset, int flags);
}
