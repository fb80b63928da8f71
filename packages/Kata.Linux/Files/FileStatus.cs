namespace Kata.Linux;

/// <summary>What statx(2) says of a file.</summary>
/// <param name="Mode">Type and permission bits.</param>
/// <param name="Uid">Owner.</param>
/// <param name="Gid">Group.</param>
/// <param name="Size">Bytes.</param>
/// <param name="Inode">Inode number.</param>
/// <param name="DeviceMajor">Major number of the device that holds the file.</param>
/// <param name="DeviceMinor">Minor number of the device that holds the file.</param>
/// <param name="SpecialMajor">Major number of the device the file stands for.</param>
/// <param name="SpecialMinor">Minor number of the device the file stands for.</param>
public readonly record struct FileStatus(
    uint Mode, uint Uid, uint Gid, long Size, ulong Inode, uint DeviceMajor, uint DeviceMinor, uint SpecialMajor, uint SpecialMinor)
{
    /// <summary>The type bits (S_IFMT) of <see cref="Mode"/>.</summary>
    public FileKind Kind => (FileKind)(Mode & 0xF000);
}

/// <summary>File types: the S_IFMT bits of a mode.</summary>
public enum FileKind
{
    /// <summary>None of the others.</summary>
    Unknown = 0,

    /// <summary>S_IFIFO.</summary>
    Fifo = 0x1000,

    /// <summary>S_IFCHR.</summary>
    CharacterDevice = 0x2000,

    /// <summary>S_IFDIR.</summary>
    Directory = 0x4000,

    /// <summary>S_IFBLK.</summary>
    BlockDevice = 0x6000,

    /// <summary>S_IFREG.</summary>
    Regular = 0x8000,

    /// <summary>S_IFLNK.</summary>
    SymbolicLink = 0xA000,

    /// <summary>S_IFSOCK.</summary>
    Socket = 0xC000,
}
