namespace Kata.Linux;

/// <summary>CPU time by getrusage(2).</summary>
public static class ResourceUsage
{
    private const int RUSAGE_THREAD = 1;

    /// <summary>User and system time of all children that have ended and were reaped.</summary>
    public static TimeSpan OfEndedChildren() => Of(Interop.RUSAGE_CHILDREN);

    /// <summary>User and system time of the calling thread.</summary>
    public static TimeSpan OfCurrentThread() => Of(RUSAGE_THREAD);

    private static unsafe TimeSpan Of(int who)
    {
        Interop.ResourceUsageBuffer usage;
        LinuxException.Check(Interop.getrusage(who, &usage), "getrusage");
        return TimeSpan.FromSeconds(usage.UserSeconds + usage.SystemSeconds)
            + TimeSpan.FromMicroseconds(usage.UserMicroseconds + usage.SystemMicroseconds);
    }
}
