using System.Runtime.InteropServices;

namespace Kata.Vmm.Dragonball.Kvm;

/// <summary>ioctl(2) for KVM. It is variadic in C; with an argument in a register the calling convention is the same.</summary>
internal static partial class KvmInterop
{
    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    public static unsafe partial int Ioctl(SafeHandle fd, nuint request, void* argument);

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    public static partial int Ioctl(SafeHandle fd, nuint request, nint argument);

    /// <summary>For KVM_RUN: without a reference count per exit. Whoever runs the vCPU keeps it open.</summary>
    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    public static partial int Ioctl(int fd, nuint request, nint argument);
}
