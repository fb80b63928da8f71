namespace Kata.Benchmarks.GuestIo;

/// <summary>A load that the guest puts on a device.</summary>
/// <param name="Name">As the guest calls it.</param>
/// <param name="Title">Shown in the table.</param>
/// <param name="Unit">Of its rate.</param>
/// <param name="Divisor">What the guest counts, in that unit.</param>
internal sealed record GuestIoLoad(string Name, string Title, string Unit, double Divisor)
{
    /// <summary>All, in the order of the guest.</summary>
    public static IReadOnlyList<GuestIoLoad> All { get; } =
    [
        new("disk-random-read-1", "disk: 4 KiB random read, 1 in flight", "/s", 1),
        new("disk-random-read-32", "disk: 4 KiB random read, 32 in flight", "/s", 1),
        new("disk-random-write-1", "disk: 4 KiB random write, 1 in flight", "/s", 1),
        new("disk-random-write-32", "disk: 4 KiB random write, 32 in flight", "/s", 1),
        new("disk-read", "disk: 1 MiB sequential read, 4 in flight", "MiB/s", 1),
        new("disk-write", "disk: 1 MiB sequential write, 4 in flight", "MiB/s", 1),
        new("vsock-round-trips", "vsock: round trips of a byte", "/s", 1),
        new("vsock-to-host", "vsock: guest to host", "MB/s", 1e6),
        new("vsock-to-guest", "vsock: host to guest", "MB/s", 1e6),
        new("network-round-trips", "network: round trips of a byte, TCP", "/s", 1),
        new("network-to-host", "network: guest to host, TCP", "MB/s", 1e6),
        new("network-to-guest", "network: host to guest, TCP", "MB/s", 1e6),
    ];
}
