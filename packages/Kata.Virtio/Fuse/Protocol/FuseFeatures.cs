namespace Kata.Virtio.Fuse;

/// <summary>What kernel and server agree on at INIT (FUSE_*, linux/fuse.h): flags in the lower half, flags2 in the upper.</summary>
[Flags]
internal enum FuseFeatures : ulong
{
    AsyncRead = 1UL << 0,
    PosixLocks = 1UL << 1,
    AtomicTruncate = 1UL << 3,
    BigWrites = 1UL << 5,
    DontMask = 1UL << 6,
    FlockLocks = 1UL << 10,
    AutoInvalidateData = 1UL << 12,
    ReadDirectoryPlus = 1UL << 13,
    ReadDirectoryPlusAuto = 1UL << 14,
    AsyncDirectIO = 1UL << 15,
    ParallelDirectoryOperations = 1UL << 18,
    MaxPages = 1UL << 22,
    CacheSymbolicLinks = 1UL << 23,
    Submounts = 1UL << 27,
    HandleKillPrivilegesV2 = 1UL << 28,
    SetXattrExtended = 1UL << 29,
    InitializeExtended = 1UL << 30,
    DirectIOAllowMemoryMap = 1UL << 36,
}
