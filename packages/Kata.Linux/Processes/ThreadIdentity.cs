using static Kata.Linux.Interop;

namespace Kata.Linux;

/// <summary>
/// As whom the calling thread makes files, apart from the rest of the process: for a file server's own thread, for good. All calls come on
/// the thread that made this.
/// </summary>
/// <remarks>
/// The thread gets a umask of its own (unshare(CLONE_FS)), and keeps its capabilities when it acts for somebody else: the checks of
/// permission are the client's kernel's, only ownership is taken over. Acting for others makes the process undumpable (proc(5)).
/// </remarks>
public sealed unsafe class ThreadIdentity
{
    private const int CLONE_FS = 0x200;
    private const int PR_SET_SECUREBITS = 28;
    private const int SECBIT_NO_SETUID_FIXUP = 4;
    private const uint CapabilityVersion = 0x20080522;
    private const uint CAP_FSETID = 1 << 4;
    private const uint CAP_SETGID = 1 << 6;
    private const uint CAP_SETUID = 1 << 7;

    private readonly uint _uid = geteuid();
    private readonly uint _gid = getegid();
    private CapabilitySets _sets;
    private uint _creationMask;

    private ThreadIdentity()
    {
        var header = new CapabilityHeader { Version = CapabilityVersion };
        fixed (CapabilitySets* sets = &_sets)
            LinuxException.Check(capget(&header, sets), "capget");
    }

    /// <summary>The thread may act for any user: it has CAP_SETUID and CAP_SETGID.</summary>
    public bool CanImpersonate => (_sets.Effective & (CAP_SETUID | CAP_SETGID)) == (CAP_SETUID | CAP_SETGID);

    /// <summary>Separates the calling thread from the others. Its umask is 0.</summary>
    /// <exception cref="LinuxException">unshare(2) failed.</exception>
    public static ThreadIdentity Separate()
    {
        LinuxException.Check(unshare(CLONE_FS), "unshare", "CLONE_FS");
        _ = umask(0);
        // Without CAP_SETPCAP the thread loses capabilities while it acts for others, which is stricter.
        _ = prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0);
        return new ThreadIdentity();
    }

    /// <summary>Sets the thread's umask.</summary>
    public void SetCreationMask(uint mask)
    {
        if (mask == _creationMask)
            return;
        _ = umask(mask);
        _creationMask = mask;
    }

    /// <summary>What the thread makes belongs to <paramref name="uid"/> and <paramref name="gid"/>, until <see cref="Resume"/>.</summary>
    public void Impersonate(uint uid, uint gid)
    {
        if (!CanImpersonate)
            return;
        if (gid != _gid)
            _ = setfsgid(gid);
        if (uid != _uid)
        {
            _ = setfsuid(uid);
            SuspendSetIdCapability();
        }
    }

    /// <summary>Ends <see cref="Impersonate"/>.</summary>
    public void Resume(uint uid, uint gid)
    {
        if (!CanImpersonate)
            return;
        if (uid != _uid)
        {
            _ = setfsuid(_uid);
            ResumeSetIdCapability();
        }

        if (gid != _gid)
            _ = setfsgid(_gid);
    }

    /// <summary>Drops CAP_FSETID: writing and truncating clear set-user-ID and set-group-ID bits, as for a user.</summary>
    public void SuspendSetIdCapability() => SetEffective(_sets.Effective & ~CAP_FSETID);

    /// <summary>Ends <see cref="SuspendSetIdCapability"/>.</summary>
    public void ResumeSetIdCapability() => SetEffective(_sets.Effective);

    private void SetEffective(uint effective)
    {
        if ((_sets.Effective & CAP_FSETID) == 0)
            return;
        var header = new CapabilityHeader { Version = CapabilityVersion };
        var sets = _sets with { Effective = effective };
        LinuxException.Check(capset(&header, &sets), "capset");
    }
}
