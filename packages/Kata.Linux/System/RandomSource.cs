namespace Kata.Linux;

/// <summary>The kernel's random number generator.</summary>
public static class RandomSource
{
    /// <summary>Fills memory with random bytes (getrandom(2)). Waits when the system has just booted and has no entropy yet.</summary>
    /// <param name="range">Writable, of at most 32 MiB.</param>
    /// <exception cref="LinuxException">EFAULT when the range is not writable.</exception>
    public static unsafe void Fill(NativeBuffer range)
    {
        var (address, length) = range;
        while (length > 0)
        {
            // A signal may cut a request of more than 256 bytes short.
            var count = Interop.getrandom((byte*)address, length, 0);
            if (count < 0 && LinuxException.LastErrno != Errno.EINTR)
                throw LinuxException.FromLastError("getrandom");
            count = Math.Max(count, 0);
            address += count;
            length -= count;
        }
    }
}
