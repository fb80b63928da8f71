using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using static Kata.Linux.Interop;

namespace Kata.Linux;

/// <summary>
/// Reads, writes and flushes that go on in the kernel meanwhile (io_uring(7)). One thread at a time. What was started must have ended before
/// the memory it uses goes away, and before disposal.
/// </summary>
public sealed unsafe class IoUring : IDisposable
{
    private const byte IORING_OP_READV = 1;
    private const byte IORING_OP_WRITEV = 2;
    private const byte IORING_OP_FSYNC = 3;

    private readonly SafeFileHandle _ring;
    private readonly MemoryMapping _queues;
    private readonly MemoryMapping _submissions;
    private readonly RingParameters _parameters;
    private uint _prepared;

    private IoUring(SafeFileHandle ring, MemoryMapping queues, MemoryMapping submissions, in RingParameters parameters) =>
        (_ring, _queues, _submissions, _parameters) = (ring, queues, submissions, parameters);

    /// <summary>Readable when something has ended, for an event loop.</summary>
    public SafeHandle Descriptor => _ring;

    /// <summary>How much was started and has not been taken yet.</summary>
    public int InFlight { get; private set; }

    /// <summary>How much may be in flight.</summary>
    public int Capacity => (int)_parameters.SubmissionEntries;

    /// <summary>Makes a ring; null when the kernel has none (before 5.5), or does not let this process have one.</summary>
    /// <param name="entries">How much may be in flight; rounded up to a power of two.</param>
    /// <exception cref="LinuxException">The process is out of descriptors or memory.</exception>
    public static IoUring? TryCreate(uint entries)
    {
        var parameters = default(RingParameters);
        var descriptor = io_uring_setup(SYS_io_uring_setup, entries, &parameters);
        if (descriptor < 0)
        {
            return LinuxException.LastErrno is Errno.ENOSYS or Errno.EPERM or Errno.EACCES
                ? null
                : throw LinuxException.FromLastError("io_uring_setup", $"of {entries} entries");
        }

        var ring = new SafeFileHandle(descriptor, ownsHandle: true);
        MemoryMapping? queues = null;
        try
        {
            const uint Needed = IORING_FEAT_SINGLE_MMAP | IORING_FEAT_SUBMIT_STABLE;
            if ((parameters.Features & Needed) != Needed)
            {
                ring.Dispose();
                return null;
            }

            var length = Math.Max(
                parameters.SubmissionArray + (parameters.SubmissionEntries * sizeof(uint)),
                parameters.Completions + (parameters.CompletionEntries * (uint)sizeof(RingCompletion)));
            queues = MemoryMapping.Shared(ring, IORING_OFF_SQ_RING, length);
            var submissions = MemoryMapping.Shared(ring, IORING_OFF_SQES, parameters.SubmissionEntries * (uint)sizeof(RingSubmission));
            var created = new IoUring(ring, queues, submissions, parameters);
            for (var i = 0u; i < parameters.SubmissionEntries; i++)
                created.At(parameters.SubmissionArray)[i] = i;
            return created;
        }
        catch
        {
            queues?.Dispose();
            ring.Dispose();
            throw;
        }
    }

    /// <summary>Prepares a vectored read. Something must be free: <see cref="InFlight"/> is below <see cref="Capacity"/>.</summary>
    /// <param name="file">Stays open until this has ended.</param>
    /// <param name="ranges">Where the list of ranges is: valid until <see cref="Submit"/>. The ranges are valid until this has ended.</param>
    /// <param name="count">How many ranges.</param>
    /// <param name="offset">In the file, in bytes.</param>
    /// <param name="token">Comes back with the result.</param>
    public void PrepareRead(SafeHandle file, NativeBuffer* ranges, int count, long offset, ulong token) =>
        Prepare(IORING_OP_READV, file, (nint)ranges, count, offset, 0, token);

    /// <summary>Prepares a vectored write, as <see cref="PrepareRead"/>.</summary>
    public void PrepareWrite(SafeHandle file, NativeBuffer* ranges, int count, long offset, ulong token) =>
        Prepare(IORING_OP_WRITEV, file, (nint)ranges, count, offset, 0, token);

    /// <summary>Prepares fdatasync(2), as <see cref="PrepareRead"/>.</summary>
    public void PrepareFlush(SafeHandle file, ulong token) => Prepare(IORING_OP_FSYNC, file, 0, 0, 0, IORING_FSYNC_DATASYNC, token);

    /// <summary>Starts what was prepared.</summary>
    /// <exception cref="LinuxException">The kernel refuses the ring itself; nothing of this sort is known to happen.</exception>
    public void Submit()
    {
        while (_prepared > 0)
        {
            var count = io_uring_enter(SYS_io_uring_enter, _ring, _prepared, 0, 0, 0, 0);
            if (count >= 0)
                _prepared -= (uint)count;
            else if (LinuxException.LastErrno is Errno.EAGAIN or Errno.EBUSY)
                // Out of memory for the moment, which what is on its way will give back.
                Enter(0);
            else if (LinuxException.LastErrno != Errno.EINTR)
                throw LinuxException.FromLastError("io_uring_enter");
        }
    }

    /// <summary>Waits on the calling thread until something has ended. Something must be in flight, and submitted.</summary>
    public void Wait() => Enter(1);

    /// <summary>Takes what has ended, in any order. False when there is nothing.</summary>
    /// <param name="token">What was given when it was prepared.</param>
    /// <param name="result">The bytes moved, or a negated <see cref="Errno"/>.</param>
    public bool TryTake(out ulong token, out int result)
    {
        (token, result) = (0, 0);
        var head = *At(_parameters.CompletionHead);
        if (head == Volatile.Read(ref *At(_parameters.CompletionTail)))
            return false;
        var completions = (RingCompletion*)(_queues.Address + (nint)_parameters.Completions);
        ref readonly var completion = ref completions[head & *At(_parameters.CompletionMask)];
        (token, result) = (completion.Token, completion.Result);
        Volatile.Write(ref *At(_parameters.CompletionHead), head + 1);
        InFlight--;
        return true;
    }

    /// <summary>Gives the ring back. Nothing is in flight.</summary>
    public void Dispose()
    {
        _ring.Dispose();
        _submissions.Dispose();
        _queues.Dispose();
    }

    private void Enter(uint complete)
    {
        while (io_uring_enter(SYS_io_uring_enter, _ring, 0, complete, IORING_ENTER_GETEVENTS, 0, 0) < 0)
        {
            if (LinuxException.LastErrno != Errno.EINTR)
                throw LinuxException.FromLastError("io_uring_enter");
        }
    }

    private void Prepare(byte operation, SafeHandle file, nint address, int length, long offset, uint flags, ulong token)
    {
        var tail = *At(_parameters.SubmissionTail);
        // The array of indexes names each entry once and for all, so that the tail is the entry.
        ((RingSubmission*)_submissions.Address)[tail & *At(_parameters.SubmissionMask)] = new RingSubmission
        {
            Operation = operation,
            File = (int)file.DangerousGetHandle(),
            Offset = offset,
            Address = address,
            Length = (uint)length,
            OperationFlags = flags,
            Token = token,
        };
        Volatile.Write(ref *At(_parameters.SubmissionTail), tail + 1);
        _prepared++;
        InFlight++;
    }

    private uint* At(uint offset) => (uint*)(_queues.Address + (nint)offset);
}
