namespace Kata.Virtio.Block;

/// <summary>What bounds the time that one request can take, and the threads of one device.</summary>
internal static class BlockLimits
{
    public const int SectorBytes = 512;

    public const int MaxQueues = 16;

    /// <summary>
    /// Entries of a queue; with a header and a status a request of <see cref="MaxSegments"/> fits an indirect table of that size.
    /// </summary>
    public const ushort QueueSize = 256;

    public const uint MaxSegments = QueueSize - 2;

    /// <summary>Linux sends a few MiB at most. A reset waits for requests on their way, so none may take minutes.</summary>
    public const long MaxRequestBytes = 64 << 20;

    public const uint MaxDiscardSectors = (1 << 30) / SectorBytes;

    public const uint MaxDiscardRanges = 32;

    /// <summary>As <see cref="MaxRequestBytes"/>: some file systems take zeros only as data.</summary>
    public const uint MaxWriteZeroesSectors = (64 << 20) / SectorBytes;

    public const uint MaxWriteZeroesRanges = 1;

    /// <summary>Requests, or bytes, after which the driver is told of what is done while the rest is still being worked on.</summary>
    public const int BatchRequests = 32;

    public const long BatchBytes = 1 << 20;
}
