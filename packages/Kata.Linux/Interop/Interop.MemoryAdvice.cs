using System.Runtime.InteropServices;

namespace Kata.Linux;

internal static partial class Interop
{
    internal const int MADV_DONTNEED = 4;
    internal const int MADV_DONTDUMP = 16;
    internal const int MADV_POPULATE_WRITE = 23;

    [LibraryImport(Libc, SetLastError = true)]
    internal static partial int madvise(nint address, nuint length, int advice);
}
