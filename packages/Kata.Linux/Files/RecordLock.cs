using System.Runtime.InteropServices;
using static Kata.Linux.Interop;

namespace Kata.Linux;

/// <summary>A lock of a range of a file that belongs to an open file (F_OFD_SETLK, fcntl(2)) and never waits.</summary>
/// <param name="Type">F_RDLCK 0, F_WRLCK 1, F_UNLCK 2.</param>
/// <param name="Start">First byte.</param>
/// <param name="Length">Bytes; 0 for all from <paramref name="Start"/> on.</param>
public readonly record struct RecordLock(short Type, long Start, long Length)
{
    private const int F_OFD_GETLK = 36;
    private const int F_OFD_SETLK = 37;

    /// <summary>Takes or releases the lock; EAGAIN when another open file holds one that conflicts.</summary>
    public unsafe Errno Apply(SafeHandle file)
    {
        var record = new FileLockRecord { Type = Type, Start = Start, Length = Length };
        return DirectoryOperations.Result(fcntl_lock(file, F_OFD_SETLK, &record));
    }

    /// <summary>Finds a lock of another open file that conflicts; its type is F_UNLCK when there is none.</summary>
    public unsafe Errno FindConflict(SafeHandle file, out RecordLock conflict)
    {
        var record = new FileLockRecord { Type = Type, Start = Start, Length = Length };
        var error = DirectoryOperations.Result(fcntl_lock(file, F_OFD_GETLK, &record));
        conflict = new RecordLock(record.Type, record.Start, record.Length);
        return error;
    }
}
