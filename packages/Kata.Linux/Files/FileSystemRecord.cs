using System.Runtime.InteropServices;

namespace Kata.Linux;

/// <summary>struct statfs on 64-bit Linux as the kernel fills it, 120 bytes.</summary>
[StructLayout(LayoutKind.Sequential, Size = 120)]
public readonly record struct FileSystemRecord
{
    /// <summary>Magic number of the type of file system (linux/magic.h).</summary>
    public long Type { get; }

    /// <summary>Preferred size of transfers, in bytes.</summary>
    public long BlockSize { get; }

    /// <summary>Size, in units of <see cref="FragmentSize"/>.</summary>
    public ulong Blocks { get; }

    /// <summary>What is free, in units of <see cref="FragmentSize"/>.</summary>
    public ulong BlocksFree { get; }

    /// <summary>What an unprivileged user may write, in units of <see cref="FragmentSize"/>.</summary>
    public ulong BlocksAvailable { get; }

    /// <summary>How many files it can hold.</summary>
    public ulong Files { get; }

    /// <summary>How many more files it can hold.</summary>
    public ulong FilesFree { get; }

    /// <summary>Identity of the file system.</summary>
    public ulong Id { get; }

    /// <summary>Bytes of the longest name.</summary>
    public long NameLength { get; }

    /// <summary>Bytes of an allocation unit.</summary>
    public long FragmentSize { get; }
}
