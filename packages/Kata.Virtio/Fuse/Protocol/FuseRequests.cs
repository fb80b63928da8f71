using System.Runtime.InteropServices;

namespace Kata.Virtio.Fuse;

// Requests as they lie in memory (linux/fuse.h). Fields that the server has no use for are there for the size only.
#pragma warning disable CS0649 // They are filled from memory.

/// <summary>struct fuse_in_header.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct FuseRequestHeader
{
    public const int Size = 40;

    public uint Length;
    public FuseOpcode Opcode;
    public ulong Unique;
    public ulong Node;
    public uint Uid;
    public uint Gid;
    public uint Pid;
    public ushort ExtensionUnits;
    public ushort Padding;
}

/// <summary>struct fuse_init_in, of which kernels before FUSE_INIT_EXT send the first 16 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct InitializeRequest
{
    public uint Major;
    public uint Minor;
    public uint MaxReadAhead;
    public uint Flags;
}

/// <summary>struct fuse_forget_one.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct ForgetEntry
{
    public ulong Node;
    public ulong Lookups;
}

/// <summary>struct fuse_batch_forget_in.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct BatchForgetRequest
{
    public uint Count;
    public uint Padding;
}

/// <summary>struct fuse_getattr_in.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct GetAttributesRequest
{
    public uint Flags;
    public uint Padding;
    public ulong Handle;
}

/// <summary>struct fuse_setattr_in.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct SetAttributesRequest
{
    public SetAttributeFlags Valid;
    public uint Padding;
    public ulong Handle;
    public ulong Size;
    public ulong LockOwner;
    public ulong Accessed;
    public ulong Modified;
    public ulong Changed;
    public uint AccessedNanoseconds;
    public uint ModifiedNanoseconds;
    public uint ChangedNanoseconds;
    public uint Mode;
    public uint Unused4;
    public uint Uid;
    public uint Gid;
    public uint Unused5;
}

/// <summary>struct fuse_mknod_in.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct MakeNodeRequest
{
    public uint Mode;
    public uint Device;
    public uint CreationMask;
    public uint Padding;
}

/// <summary>struct fuse_mkdir_in.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct MakeDirectoryRequest
{
    public uint Mode;
    public uint CreationMask;
}

/// <summary>struct fuse_rename2_in; fuse_rename_in is its first field.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct RenameRequest
{
    public ulong NewDirectory;
    public uint Flags;
    public uint Padding;
}

/// <summary>struct fuse_open_in.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct OpenRequest
{
    public uint Flags;
    public uint OpenFlags;
}

/// <summary>struct fuse_create_in.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct CreateRequest
{
    public uint Flags;
    public uint Mode;
    public uint CreationMask;
    public uint OpenFlags;
}

/// <summary>struct fuse_release_in.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct ReleaseRequest
{
    public ulong Handle;
    public uint Flags;
    public uint ReleaseFlags;
    public ulong LockOwner;
}

/// <summary>struct fuse_flush_in.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct FlushRequest
{
    public ulong Handle;
    public ulong Unused;
    public ulong LockOwner;
}

/// <summary>struct fuse_read_in and fuse_write_in.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct TransferRequest
{
    public const int StructureSize = 40;

    public ulong Handle;
    public ulong Offset;
    public uint Length;
    public WriteFlags TransferFlags;
    public ulong LockOwner;
    public uint Flags;
    public uint Padding;
}

/// <summary>struct fuse_fsync_in.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct SynchronizeRequest
{
    public ulong Handle;
    public uint Flags;
    public uint Padding;
}

/// <summary>struct fuse_setxattr_in, as agreed on with FUSE_SETXATTR_EXT; without, its first 8 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct SetXattrRequest
{
    public uint Length;
    public uint Flags;
    public uint SetXattrFlags;
    public uint Padding;
}

/// <summary>struct fuse_getxattr_in.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct GetXattrRequest
{
    public uint Length;
    public uint Padding;
}

/// <summary>struct fuse_lk_in.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct LockRequest
{
    public ulong Handle;
    public ulong Owner;
    public FuseLock Lock;
    public uint Flags;
    public uint Padding;
}

/// <summary>struct fuse_access_in.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct AccessRequest
{
    public uint Mask;
    public uint Padding;
}

/// <summary>struct fuse_fallocate_in.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct AllocateRequest
{
    public ulong Handle;
    public ulong Offset;
    public ulong Length;
    public uint Mode;
    public uint Padding;
}

/// <summary>struct fuse_lseek_in.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct SeekRequest
{
    public ulong Handle;
    public ulong Offset;
    public uint Origin;
    public uint Padding;
}

/// <summary>struct fuse_copy_file_range_in.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct CopyFileRangeRequest
{
    public ulong Source;
    public ulong SourceOffset;
    public ulong TargetNode;
    public ulong Target;
    public ulong TargetOffset;
    public ulong Length;
    public ulong Flags;
}

/// <summary>struct fuse_statx_in.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct StatxRequest
{
    public uint Flags;
    public uint Padding;
    public ulong Handle;
    public uint StatxFlags;
    public uint Mask;
}
