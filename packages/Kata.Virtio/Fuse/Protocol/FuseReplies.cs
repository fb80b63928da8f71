using System.Runtime.InteropServices;
using Kata.Linux;

namespace Kata.Virtio.Fuse;

// Replies as they lie in memory (linux/fuse.h).

/// <summary>struct fuse_out_header.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct FuseReplyHeader
{
    public const int Size = 16;

    public uint Length;

    /// <summary>0 or minus an errno.</summary>
    public int Error;
    public ulong Unique;
}

/// <summary>struct fuse_init_out.</summary>
[StructLayout(LayoutKind.Sequential, Size = 64)]
internal struct InitializeReply
{
    public uint Major;
    public uint Minor;
    public uint MaxReadAhead;
    public uint Flags;
    public ushort MaxBackground;
    public ushort CongestionThreshold;
    public uint MaxWrite;
    public uint TimeGranularity;
    public ushort MaxPages;
    public ushort MapAlignment;
    public uint Flags2;
}

/// <summary>struct fuse_attr.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct FuseAttributes
{
    /// <summary>FUSE_ATTR_SUBMOUNT.</summary>
    public const uint Submount = 1;

    public ulong Inode;
    public ulong Size;
    public ulong Blocks;
    public ulong Accessed;
    public ulong Modified;
    public ulong Changed;
    public uint AccessedNanoseconds;
    public uint ModifiedNanoseconds;
    public uint ChangedNanoseconds;
    public uint Mode;
    public uint Links;
    public uint Uid;
    public uint Gid;
    public uint Device;
    public uint BlockSize;
    public uint Flags;

    public static FuseAttributes From(in StatxRecord status) => new()
    {
        Inode = status.Inode,
        Size = status.Size,
        Blocks = status.Blocks,
        Accessed = (ulong)status.Accessed.Seconds,
        Modified = (ulong)status.Modified.Seconds,
        Changed = (ulong)status.Changed.Seconds,
        AccessedNanoseconds = status.Accessed.Nanoseconds,
        ModifiedNanoseconds = status.Modified.Nanoseconds,
        ChangedNanoseconds = status.Changed.Nanoseconds,
        Mode = status.Mode,
        Links = status.Links,
        Uid = status.Uid,
        Gid = status.Gid,
        // The kernel's encoding of device numbers in 32 bits (new_encode_dev).
        Device = (status.SpecialMinor & 0xff) | (status.SpecialMajor << 8) | ((status.SpecialMinor & ~0xffu) << 12),
        BlockSize = status.BlockSize,
    };
}

/// <summary>struct fuse_entry_out.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct EntryReply
{
    public ulong Node;
    public ulong Generation;
    public ulong EntrySeconds;
    public ulong AttributeSeconds;
    public uint EntryNanoseconds;
    public uint AttributeNanoseconds;
    public FuseAttributes Attributes;
}

/// <summary>struct fuse_attr_out.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct AttributesReply
{
    public ulong AttributeSeconds;
    public uint AttributeNanoseconds;
    public uint Padding;
    public FuseAttributes Attributes;
}

/// <summary>struct fuse_statx_out; its struct fuse_statx is laid out as struct statx.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct StatxReply
{
    public ulong AttributeSeconds;
    public uint AttributeNanoseconds;
    public uint Flags;
    public ulong Spare1;
    public ulong Spare2;
    public StatxRecord Status;
}

/// <summary>struct fuse_open_out.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct OpenReply
{
    public ulong Handle;
    public OpenReplyFlags Flags;
    public uint Padding;
}

/// <summary>The reply to CREATE and TMPFILE.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct CreateReply
{
    public EntryReply Entry;
    public OpenReply Open;
}

/// <summary>struct fuse_write_out, and fuse_getxattr_out.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct SizeReply
{
    public uint Length;
    public uint Padding;
}

/// <summary>struct fuse_lseek_out.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct SeekReply
{
    public ulong Offset;
}

/// <summary>struct fuse_file_lock, which is also the reply to GETLK.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct FuseLock
{
    public ulong Start;

    /// <summary>The last byte, inclusive.</summary>
    public ulong End;
    public uint Type;
    public uint Pid;
}

/// <summary>struct fuse_statfs_out.</summary>
[StructLayout(LayoutKind.Sequential, Size = 80)]
internal struct FileSystemStatusReply
{
    public ulong Blocks;
    public ulong BlocksFree;
    public ulong BlocksAvailable;
    public ulong Files;
    public ulong FilesFree;
    public uint BlockSize;
    public uint NameLength;
    public uint FragmentSize;
}

/// <summary>struct fuse_dirent without the name, which follows. The next one begins at a multiple of 8 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct DirectoryEntry
{
    public const int Size = 24;

    public ulong Inode;
    public ulong Offset;
    public uint NameLength;
    public uint Type;
}
