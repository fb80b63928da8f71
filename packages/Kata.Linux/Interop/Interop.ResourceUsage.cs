using System.Runtime.InteropServices;

namespace Kata.Linux;

internal static partial class Interop
{
    internal const int RUSAGE_CHILDREN = -1;

    [LibraryImport(Libc, SetLastError = true)]
    internal static unsafe partial int getrusage(int who, ResourceUsageBuffer* usage);

    /// <summary>struct rusage on 64-bit Linux, 144 bytes.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 144)]
    internal struct ResourceUsageBuffer
    {
        internal long UserSeconds;
        internal long UserMicroseconds;
        internal long SystemSeconds;
        internal long SystemMicroseconds;
    }
}
