namespace Kata.Linux;

/// <summary>Threads of one's own, for what blocks. They do not keep the process alive, and inherit the caller's namespaces.</summary>
public static class BackgroundThread
{
    /// <summary>Starts a thread.</summary>
    /// <param name="name">What the system shows: at most 15 bytes.</param>
    /// <param name="stackBytes">Size of its stack.</param>
    /// <param name="run">What it does; must not throw.</param>
    /// <exception cref="LinuxException">EAGAIN: the cgroup (pids.max), the user (RLIMIT_NPROC) or the system has as many threads as it may have.</exception>
    public static void Start(string name, int stackBytes, ThreadStart run)
    {
        try
        {
            new Thread(run, stackBytes) { IsBackground = true, Name = name }.Start();
        }
        catch (OutOfMemoryException)
        {
            // What .NET makes of it, whatever pthread_create(3) lacked.
            throw new LinuxException("pthread_create", name, Errno.EAGAIN);
        }
    }
}
