namespace Kata.Linux;

/// <summary>Kinds of namespaces: the CLONE_NEW* flags (linux/sched.h).</summary>
[Flags]
public enum NamespaceKinds
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>CLONE_NEWNS.</summary>
    Mount = 0x00020000,

    /// <summary>CLONE_NEWCGROUP.</summary>
    Cgroup = 0x02000000,

    /// <summary>CLONE_NEWUTS.</summary>
    Uts = 0x04000000,

    /// <summary>CLONE_NEWIPC.</summary>
    Ipc = 0x08000000,

    /// <summary>CLONE_NEWUSER.</summary>
    User = 0x10000000,

    /// <summary>CLONE_NEWPID.</summary>
    Pid = 0x20000000,

    /// <summary>CLONE_NEWNET.</summary>
    Network = 0x40000000,
}
