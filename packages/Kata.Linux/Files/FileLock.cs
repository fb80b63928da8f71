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
}
