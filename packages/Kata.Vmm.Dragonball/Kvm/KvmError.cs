using System.Runtime.InteropServices;
using Kata.Linux;

namespace Kata.Vmm.Dragonball.Kvm;

/// <summary>Turns what a KVM ioctl returned into an error that names it.</summary>
internal static class KvmError
{
    public static int Check(int result, string request, string? subject = null) =>
        result >= 0 ? result : throw new LinuxException(request, subject, (Errno)Marshal.GetLastPInvokeError());
}
