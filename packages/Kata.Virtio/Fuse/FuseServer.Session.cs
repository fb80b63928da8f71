using System.Runtime.InteropServices;
using Kata.Linux;

namespace Kata.Virtio.Fuse;

internal sealed unsafe partial class FuseServer
{
    private const uint Major = 7;
    private const uint OldestMinor = 27;
    private const uint NewestMinor = 38;

    /// <summary>Requests in the background that the client's kernel allows: more than a queue's worth of read-ahead helps nobody.</summary>
    private const ushort MaxBackground = 64;

    private int Initialize(ReadOnlySpan<byte> arguments, Span<byte> reply)
    {
        if (!TryTake<InitializeRequest>(ref arguments, out var request))
            return -(int)Errno.EINVAL;
        // A newer kernel takes our version from the reply and asks again.
        if (request.Major > Major)
            return Write(reply, new InitializeReply { Major = Major, Minor = NewestMinor });
        if (request.Major < Major || request.Minor < OldestMinor)
        {
            if (_malformedGate.TryPass(out _))
                FileSystemLog.VersionTooOld(_logger, request.Major, request.Minor);
            return -(int)Errno.EPROTO;
        }

        var offered = (FuseFeatures)request.Flags;
        if ((offered & FuseFeatures.InitializeExtended) != 0 && MemoryMarshal.TryRead<uint>(arguments, out var high))
            offered |= (FuseFeatures)((ulong)high << 32);
        Reset();
        _features = offered & SupportedFeatures();
        _isInitialized = true;
        if (_mountedGate.TryPass(out var suppressed))
            FileSystemLog.Mounted(_logger, _tag, request.Major, request.Minor, _features, suppressed);
        return Write(reply, new InitializeReply
        {
            Major = Major,
            Minor = NewestMinor,
            MaxReadAhead = request.MaxReadAhead,
            Flags = (uint)_features,
            Flags2 = (uint)((ulong)_features >> 32),
            MaxBackground = MaxBackground,
            CongestionThreshold = MaxBackground / 4 * 3,
            MaxWrite = MaxTransferBytes,
            MaxPages = (ushort)(MaxTransferBytes / 4096),
            TimeGranularity = 1,
        });
    }

    private FuseFeatures SupportedFeatures()
    {
        var features = FuseFeatures.AsyncRead | FuseFeatures.AtomicTruncate | FuseFeatures.BigWrites | FuseFeatures.DontMask
            | FuseFeatures.ReadDirectoryPlus | FuseFeatures.ReadDirectoryPlusAuto | FuseFeatures.AsyncDirectIO
            | FuseFeatures.ParallelDirectoryOperations | FuseFeatures.MaxPages | FuseFeatures.Submounts
            | FuseFeatures.HandleKillPrivilegesV2 | FuseFeatures.SetXattrExtended | FuseFeatures.InitializeExtended
            | FuseFeatures.DirectIOAllowMemoryMap;
        if (_hostLocks)
            features |= FuseFeatures.PosixLocks | FuseFeatures.FlockLocks;
        return features | _cache switch
        {
            FileSystemCache.Auto => FuseFeatures.AutoInvalidateData,
            FileSystemCache.Always => FuseFeatures.CacheSymbolicLinks,
            _ => 0,
        };
    }

    private int Destroy()
    {
        Reset();
        if (_unmountedGate.TryPass(out var suppressed))
            FileSystemLog.Unmounted(_logger, _tag, suppressed);
        return 0;
    }
}
