namespace Kata.Virtio.Fuse;

/// <summary>fuse_setattr_in.valid (FATTR_*).</summary>
[Flags]
internal enum SetAttributeFlags : uint
{
    Mode = 1 << 0,
    Uid = 1 << 1,
    Gid = 1 << 2,
    Size = 1 << 3,
    Accessed = 1 << 4,
    Modified = 1 << 5,
    Handle = 1 << 6,
    AccessedNow = 1 << 7,
    ModifiedNow = 1 << 8,
    KillSetId = 1 << 11,
}

/// <summary>fuse_open_out.open_flags (FOPEN_*).</summary>
[Flags]
internal enum OpenReplyFlags : uint
{
    None = 0,
    DirectIO = 1 << 0,
    KeepCache = 1 << 1,
    CacheDirectory = 1 << 3,
    ParallelDirectWrites = 1 << 6,
}

/// <summary>fuse_write_in.write_flags (FUSE_WRITE_*).</summary>
[Flags]
internal enum WriteFlags : uint
{
    FromCache = 1 << 0,
    KillSetId = 1 << 2,
}
