using static Kata.Linux.Interop;

namespace Kata.Linux;

/// <summary>
/// Signals that wake one thread out of a system call without any handler: the thread blocks the signal, the call lets it through, and the
/// thread takes it afterwards. A signal sent in between waits for the call. Numbers from <see cref="FirstFree"/> on are nobody else's.
/// </summary>
public static class ThreadSignals
{
    /// <summary>SIGRTMIN+2 of glibc. Those before belong to glibc, .NET's garbage collector and debuggers.</summary>
    public const int FirstFree = 36;

    private const int WordsOfSet = SignalSetSize / sizeof(ulong);

    /// <summary>The kernel's number of the calling thread (gettid(2)).</summary>
    public static int CurrentThreadId => gettid();

    /// <summary>Blocks a signal for the calling thread (pthread_sigmask(3)). Threads it starts inherit that.</summary>
    /// <param name="signal">1 to 64.</param>
    /// <returns>What was blocked before: bit n-1 is signal n.</returns>
    public static unsafe ulong Block(int signal)
    {
        var set = stackalloc ulong[WordsOfSet];
        var previous = stackalloc ulong[WordsOfSet];
        *set = BitOf(signal);
        // It returns the error instead of setting errno.
        var error = (Errno)pthread_sigmask(SIG_BLOCK, set, previous);
        return error == Errno.None ? *previous : throw new LinuxException("pthread_sigmask", $"{signal}", error);
    }

    /// <summary>
    /// Sends a signal to one thread of this process (tgkill(2)). The thread must block it and still be alive: the default action of most
    /// signals ends the process. Waits while the user has as many signals pending as may be (RLIMIT_SIGPENDING).
    /// </summary>
    /// <exception cref="LinuxException">ESRCH: there is no such thread.</exception>
    public static void Send(int threadId, int signal)
    {
        while (tgkill(Environment.ProcessId, threadId, signal) != 0)
        {
            if (LinuxException.LastErrno != Errno.EAGAIN)
                throw LinuxException.FromLastError("tgkill", $"{threadId}");
            Thread.Yield();
        }
    }

    /// <summary>Takes a blocked signal that is waiting for the calling thread (sigtimedwait(2)); false when there is none.</summary>
    public static unsafe bool TryTake(int signal)
    {
        var set = stackalloc ulong[WordsOfSet];
        *set = BitOf(signal);
        TimeSpecification now = default;
        return sigtimedwait(set, null, &now) == signal;
    }

    /// <summary>A signal's bit in what <see cref="Block"/> returns.</summary>
    public static ulong BitOf(int signal) => 1UL << (signal - 1);
}
