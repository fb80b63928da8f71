using System.Runtime.InteropServices;

namespace Kata.Linux;

internal static partial class Interop
{
    // Unlike setuid(3) and its kin, these change the calling thread only.
    [LibraryImport(Libc)]
    internal static partial int setfsuid(uint uid);

    [LibraryImport(Libc)]
    internal static partial int setfsgid(uint gid);

    [LibraryImport(Libc, SetLastError = true)]
    internal static unsafe partial int capget(CapabilityHeader* header, CapabilitySets* sets);

    [LibraryImport(Libc, SetLastError = true)]
    internal static unsafe partial int capset(CapabilityHeader* header, CapabilitySets* sets);

    [LibraryImport(Libc, SetLastError = true)]
    internal static unsafe partial int getrlimit(int resource, ulong* limits);

    /// <summary>struct __user_cap_header_struct (linux/capability.h), 8 bytes.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct CapabilityHeader
    {
        internal uint Version;
        internal int Pid;
    }

    /// <summary>Two struct __user_cap_data_struct (linux/capability.h): capabilities 0 to 31, then 32 to 63; 24 bytes.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct CapabilitySets
    {
        internal uint Effective;
        internal uint Permitted;
        internal uint Inheritable;
        internal uint EffectiveHigh;
        internal uint PermittedHigh;
        internal uint InheritableHigh;
    }
}
