namespace Kata.Linux;

/// <summary>CPU time by getrusage(2).</summary>
public static class ResourceUsage
{
    /// <summary>User and system time of all children that have ended and were reaped.</summary>
    public static unsafe TimeSpan OfEndedChildren()
    {
        Interop.ResourceUsageBuffer usage;
        LinuxException.Check(Interop.getrusage(Interop.RUSAGE_CHILDREN, &usage), "getrusage");
        return TimeSpan.FromSeconds(usage.UserSeconds + usage.SystemSeconds)
            + TimeSpan.FromMicroseconds(usage.UserMicroseconds + usage.SystemMicroseconds);
    }
}
