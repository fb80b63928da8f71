using System.Runtime.InteropServices;

namespace Kata.Linux;

/// <summary>Advisory locks of whole files or directories (flock(2)), released with the last descriptor of the open file.</summary>
public static class FileLock
{
    private const int LOCK_EX = 2;

    /// <summary>Waits on the calling thread until no other open file holds the lock.</summary>
    public static void Acquire(SafeHandle descriptor)
    {
        while (Interop.flock(descriptor, LOCK_EX) != 0)
        {
            if (LinuxException.LastErrno != Errno.EINTR)
                throw LinuxException.FromLastError("flock");
        }
    }

    /// <summary>flock(2) without waiting, for file servers: EAGAIN when another open file holds the lock.</summary>
    /// <param name="operation">LOCK_SH 1, LOCK_EX 2 or LOCK_UN 8.</param>
    public static Errno TryApply(SafeHandle descriptor, int operation)
    {
        const int LOCK_NB = 4;
        return DirectoryOperations.Result(Interop.flock(descriptor, operation | LOCK_NB));
    }
}
