using System.Runtime.InteropServices;

namespace Kata.Linux;

internal static partial class Interop
{
    internal const int SYS_finit_module = 313;
    internal const int LINUX_REBOOT_CMD_POWER_OFF = 0x4321FEDC;
    internal const int LINUX_REBOOT_CMD_CAD_OFF = 0;
    internal const int CLOCK_REALTIME = 0;
    internal const nuint RNDADDENTROPY = 0x40085203;
    internal const nuint RNDRESEEDCRNG = 0x5207;

    [LibraryImport(Libc, EntryPoint = "syscall", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial nint finit_module(nint number, SafeHandle module, string parameters, int flags);

    [LibraryImport(Libc, SetLastError = true)]
    internal static partial int reboot(int command);

    [LibraryImport(Libc)]
    internal static partial void sync();

    [LibraryImport(Libc, SetLastError = true)]
    internal static unsafe partial int sethostname(byte* name, nuint length);

    [LibraryImport(Libc, SetLastError = true)]
    internal static unsafe partial int clock_settime(int clock, TimeSpecification* time);

    [LibraryImport(Libc, SetLastError = true)]
    internal static unsafe partial int setrlimit(int resource, ulong* limits);

    [LibraryImport(Libc, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int swapon(string path, int flags);

    [LibraryImport(Libc, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int chroot(string path);

    [LibraryImport(Libc, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int chdir(string path);

    [LibraryImport(Libc, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int lchown(string path, uint uid, uint gid);

    [LibraryImport(Libc, SetLastError = true)]
    internal static unsafe partial nint getrandom(byte* buffer, nint length, uint flags);

    /// <summary>struct timespec on 64-bit Linux.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct TimeSpecification
    {
        internal long Seconds;
        internal long Nanoseconds;
    }
}
