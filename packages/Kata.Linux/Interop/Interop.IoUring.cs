using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Kata.Linux;

internal static partial class Interop
{
    // The same on x86-64 and arm64.
    internal const int SYS_io_uring_setup = 425;
    internal const int SYS_io_uring_enter = 426;

    internal const uint IORING_FEAT_SINGLE_MMAP = 1;
    internal const uint IORING_FEAT_SUBMIT_STABLE = 4;
    internal const uint IORING_ENTER_GETEVENTS = 1;
    internal const uint IORING_FSYNC_DATASYNC = 1;
    internal const long IORING_OFF_SQ_RING = 0;
    internal const long IORING_OFF_SQES = 0x10000000;

    [LibraryImport(Libc, EntryPoint = "syscall", SetLastError = true)]
    internal static unsafe partial nint io_uring_setup(nint number, uint entries, RingParameters* parameters);

    [LibraryImport(Libc, EntryPoint = "syscall", SetLastError = true)]
    internal static partial nint io_uring_enter(nint number, SafeFileHandle ring, uint submit, uint complete, uint flags, nint signals, nint size);

    /// <summary>struct io_uring_params (linux/io_uring.h), 120 bytes: sizes, features, and where in the shared memory things are.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 120)]
    internal struct RingParameters
    {
        [FieldOffset(0)] internal uint SubmissionEntries;
        [FieldOffset(4)] internal uint CompletionEntries;
        [FieldOffset(20)] internal uint Features;
        [FieldOffset(40)] internal uint SubmissionHead;
        [FieldOffset(44)] internal uint SubmissionTail;
        [FieldOffset(48)] internal uint SubmissionMask;
        [FieldOffset(64)] internal uint SubmissionArray;
        [FieldOffset(80)] internal uint CompletionHead;
        [FieldOffset(84)] internal uint CompletionTail;
        [FieldOffset(88)] internal uint CompletionMask;
        [FieldOffset(100)] internal uint Completions;
    }

    /// <summary>struct io_uring_sqe, 64 bytes.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 64)]
    internal struct RingSubmission
    {
        [FieldOffset(0)] internal byte Operation;
        [FieldOffset(4)] internal int File;
        [FieldOffset(8)] internal long Offset;
        [FieldOffset(16)] internal nint Address;
        [FieldOffset(24)] internal uint Length;
        [FieldOffset(28)] internal uint OperationFlags;
        [FieldOffset(32)] internal ulong Token;
    }

    /// <summary>struct io_uring_cqe, 16 bytes.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct RingCompletion
    {
        internal ulong Token;
        internal int Result;
        internal uint Flags;
    }
}
