namespace Kata.Linux;

/// <summary>Settings and facts of this process.</summary>
public static class CurrentProcess
{
    private const int PR_SET_CHILD_SUBREAPER = 36;
    private const int PR_SCHED_CORE = 62;
    private const int PR_SCHED_CORE_CREATE = 1;
    private const int PIDTYPE_PGID = 2;
    private const int RLIMIT_NOFILE = 7;

    /// <summary>Effective user id.</summary>
    public static uint EffectiveUserId => Interop.geteuid();

    /// <summary>Effective group id.</summary>
    public static uint EffectiveGroupId => Interop.getegid();

    /// <summary>Process id of the parent.</summary>
    public static int ParentId => Interop.getppid();

    /// <summary>Orphaned descendants become children of this process (PR_SET_CHILD_SUBREAPER).</summary>
    public static void BecomeSubreaper() => LinuxException.Check(Interop.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), "prctl", "PR_SET_CHILD_SUBREAPER");

    /// <summary>Sets how many descriptors this process, and those it starts, may have open (RLIMIT_NOFILE, soft and hard).</summary>
    public static unsafe void SetDescriptorLimit(ulong limit)
    {
        var values = stackalloc ulong[] { limit, limit };
        LinuxException.Check(Interop.setrlimit(RLIMIT_NOFILE, values), "setrlimit", "RLIMIT_NOFILE");
    }

    /// <summary>How many descriptors this process may have open (RLIMIT_NOFILE, soft).</summary>
    public static unsafe ulong DescriptorLimit
    {
        get
        {
            var values = stackalloc ulong[2];
            LinuxException.Check(Interop.getrlimit(RLIMIT_NOFILE, values), "getrlimit", "RLIMIT_NOFILE");
            return values[0];
        }
    }

    /// <summary>
    /// Raises the soft limit of descriptors to the hard one where the kernel lets it, for this process and those it starts from now on.
    /// The runtime with a JIT has done that already, native AOT has not.
    /// </summary>
    public static unsafe void RaiseDescriptorLimit()
    {
        var values = stackalloc ulong[2];
        LinuxException.Check(Interop.getrlimit(RLIMIT_NOFILE, values), "getrlimit", "RLIMIT_NOFILE");
        if (values[0] == values[1])
            return;
        values[0] = values[1];
        _ = Interop.setrlimit(RLIMIT_NOFILE, values);
    }

    /// <summary>Gives the process group a core scheduling cookie of its own (PR_SCHED_CORE_CREATE).</summary>
    public static void CreateCoreSchedulingDomain() =>
        LinuxException.Check(Interop.prctl(PR_SCHED_CORE, PR_SCHED_CORE_CREATE, 0, PIDTYPE_PGID, 0), "prctl", "PR_SCHED_CORE");

    /// <summary>Starts a new session and process group (setsid(2)); false when this process leads a group already.</summary>
    public static bool StartSession() => Interop.setsid() >= 0;
}
