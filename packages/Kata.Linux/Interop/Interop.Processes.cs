using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Kata.Linux;

internal static partial class Interop
{
    internal const int P_PIDFD = 3;
    internal const int WEXITED = 4;
    internal const int WNOHANG = 1;
    internal const int SYS_pidfd_open = 434;
    internal const int SYS_pidfd_send_signal = 424;
    internal const short POSIX_SPAWN_SETSIGDEF = 0x04;
    internal const short POSIX_SPAWN_SETSIGMASK = 0x08;
    internal const short POSIX_SPAWN_SETSID = 0x80;

    // posix_spawnattr_t is 336, posix_spawn_file_actions_t 80 and sigset_t 128 bytes in glibc; these leave room.
    internal const int SpawnAttributesSize = 512;
    internal const int SpawnActionsSize = 256;
    internal const int SignalSetSize = 128;

    [LibraryImport(Libc)]
    internal static unsafe partial int posix_spawn(int* pid, byte* path, void* actions, void* attributes, byte** argv, byte** envp);

    [LibraryImport(Libc)]
    internal static unsafe partial int posix_spawnattr_init(void* attributes);

    [LibraryImport(Libc)]
    internal static unsafe partial int posix_spawnattr_destroy(void* attributes);

    [LibraryImport(Libc)]
    internal static unsafe partial int posix_spawnattr_setflags(void* attributes, short flags);

    [LibraryImport(Libc)]
    internal static unsafe partial int posix_spawnattr_setsigdefault(void* attributes, void* signals);

    [LibraryImport(Libc)]
    internal static unsafe partial int posix_spawnattr_setsigmask(void* attributes, void* signals);

    [LibraryImport(Libc)]
    internal static unsafe partial int posix_spawn_file_actions_init(void* actions);

    [LibraryImport(Libc)]
    internal static unsafe partial int posix_spawn_file_actions_destroy(void* actions);

    [LibraryImport(Libc)]
    internal static unsafe partial int posix_spawn_file_actions_adddup2(void* actions, int fd, int target);

    [LibraryImport(Libc)]
    internal static unsafe partial int posix_spawn_file_actions_addopen(void* actions, int fd, byte* path, int flags, uint mode);

    [LibraryImport(Libc)]
    internal static unsafe partial int posix_spawn_file_actions_addclose(void* actions, int fd);

    [LibraryImport(Libc)]
    internal static unsafe partial int posix_spawn_file_actions_addclosefrom_np(void* actions, int lowest);

    [LibraryImport(Libc)]
    internal static unsafe partial int posix_spawn_file_actions_addchdir_np(void* actions, byte* path);

    [LibraryImport(Libc)]
    internal static unsafe partial int sigfillset(void* signals);

    [LibraryImport(Libc)]
    internal static unsafe partial int sigemptyset(void* signals);

    [LibraryImport(Libc, EntryPoint = "syscall", SetLastError = true)]
    internal static partial nint pidfd_open(nint number, int pid, uint flags);

    [LibraryImport(Libc, EntryPoint = "syscall", SetLastError = true)]
    internal static partial nint pidfd_send_signal(nint number, SafeHandle pidfd, int signal, nint info, uint flags);

    [LibraryImport(Libc, SetLastError = true)]
    internal static unsafe partial int waitid(int type, uint id, SignalInfo* info, int options);

    [LibraryImport(Libc, SetLastError = true)]
    internal static partial int kill(int pid, int signal);

    [LibraryImport(Libc, SetLastError = true)]
    internal static partial int prctl(int option, nuint a, nuint b, nuint c, nuint d);

    [LibraryImport(Libc)]
    internal static partial uint geteuid();

    [LibraryImport(Libc)]
    internal static partial uint getegid();

    [LibraryImport(Libc)]
    internal static partial int getppid();

    [LibraryImport(Libc, SetLastError = true)]
    internal static partial int setsid();

    /// <summary>siginfo_t as waitid(2) fills it on 64-bit Linux, 128 bytes.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 128)]
    internal struct SignalInfo
    {
        [FieldOffset(0)] internal int Signal;
        [FieldOffset(8)] internal int Code;
        [FieldOffset(16)] internal int Pid;
        [FieldOffset(20)] internal uint Uid;
        [FieldOffset(24)] internal int Status;
    }
}
