using System.Runtime.InteropServices;

namespace Kata.Linux;

internal static partial class Interop
{
    /// <summary>The numbers are the same on x86-64 and arm64.</summary>
    internal const nint SYS_open_tree = 428, SYS_move_mount = 429, SYS_mount_setattr = 442;

    [LibraryImport(Libc, EntryPoint = "syscall", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial nint open_tree(nint number, SafeHandle directory, string path, uint flags);

    [LibraryImport(Libc, EntryPoint = "syscall", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial nint move_mount(nint number, SafeHandle from, string fromPath, nint toDirectory, string toPath, uint flags);

    [LibraryImport(Libc, EntryPoint = "syscall", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static unsafe partial nint mount_setattr(nint number, SafeHandle directory, string path, uint flags, MountAttributes* attributes, nint size);

    /// <summary>struct mount_attr (linux/mount.h), version 0: 32 bytes.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct MountAttributes
    {
        internal ulong Set;
        internal ulong Clear;
        internal ulong Propagation;
        internal ulong UserNamespace;
    }
}
