using System.Runtime.InteropServices;

namespace Kata.Linux;

internal static partial class Interop
{
    [LibraryImport(Libc, SetLastError = true)]
    internal static partial int flock(SafeHandle descriptor, int operation);
}
