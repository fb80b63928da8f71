namespace Kata.Linux;

/// <summary>How openat2(2) may walk a path (linux/openat2.h).</summary>
[Flags]
public enum ResolveFlags
{
    /// <summary>As open(2).</summary>
    None = 0,

    /// <summary>RESOLVE_NO_XDEV: never cross a mount point.</summary>
    NoCrossMounts = 0x01,

    /// <summary>RESOLVE_NO_MAGICLINKS: refuse <c>/proc/PID/fd</c>-like links.</summary>
    NoMagicLinks = 0x02,

    /// <summary>RESOLVE_NO_SYMLINKS: refuse every symbolic link.</summary>
    NoSymlinks = 0x04,

    /// <summary>RESOLVE_BENEATH: refuse to leave the directory.</summary>
    Beneath = 0x08,

    /// <summary>RESOLVE_IN_ROOT: treat the directory as the root.</summary>
    InRoot = 0x10,
}
