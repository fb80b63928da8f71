using System.Globalization;
using System.Net.NetworkInformation;
using System.Numerics;
using Kata.Linux;
using Kata.Virtio.Events;
using Kata.Virtio.Network;
using Microsoft.Win32.SafeHandles;

namespace Kata.Virtio;

/// <summary>
/// A network card whose frames go to and come from a TAP device of the host, without a copy. Checksums and the segmentation of TCP and UDP
/// are left to whoever can do them best. One thread for each pair of queues.
/// </summary>
public sealed class VirtioNetwork : VirtioDevice
{
    private readonly NetworkDevice _device;
    private readonly IReadOnlyList<SafeFileHandle> _taps;

    private VirtioNetwork(NetworkDevice device, IReadOnlyList<DeviceThread> threads, IReadOnlyList<SafeFileHandle> taps)
        : base(device, threads) => (_device, _taps) = (device, taps);

    /// <summary>Opens the TAP device.</summary>
    /// <exception cref="ArgumentException">An option is out of range or no hardware address.</exception>
    /// <exception cref="LinuxException">
    /// ENODEV when there is no such device; EBUSY when somebody has it open; EINVAL when it was made for one queue and several are wanted,
    /// or is no TAP device; EPERM without CAP_NET_ADMIN in the namespace; ENOENT or EACCES for /dev/net/tun.
    /// </exception>
    public static VirtioNetwork Create(VirtioNetworkOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.QueuePairs, 1, nameof(options.QueuePairs));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.QueuePairs, NetworkLimits.MaxQueuePairs, nameof(options.QueuePairs));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Mtu ?? NetworkLimits.DefaultMtu, 68, nameof(options.Mtu));
        if (options.QueueSize is < 16 or > 1024 || !BitOperations.IsPow2(options.QueueSize))
            throw new ArgumentException("QueueSize is not a power of two from 16 to 1024.", nameof(options));
        var mac = ParseMac(options.MacAddress);

        var taps = new List<SafeFileHandle>();
        var threads = new List<DeviceThread>();
        try
        {
            for (var i = 0; i < options.QueuePairs; i++)
            {
                taps.Add(TapDevice.OpenExistingQueue(options.TapName, options.QueuePairs > 1));
                threads.Add(new DeviceThread(string.Create(CultureInfo.InvariantCulture, $"virtio-net{i}")));
            }

            TapDevice.UseVirtioHeader(taps[0]);
            var offersUdp = TapDevice.TrySetOffloads(taps[0], TapOffloads.Checksum | TapOffloads.Udp);
            var device = new NetworkDevice(options, mac, taps, [.. threads.Select(thread => thread.Loop)], offersUdp);
            // No work for the guest and one pair, until its driver asks for more.
            device.Reset();
            return new VirtioNetwork(device, threads, taps);
        }
        catch
        {
            threads.ForEach(thread => thread.Loop.Dispose());
            taps.ForEach(tap => tap.Dispose());
            throw;
        }
    }

    /// <summary>
    /// Plugs or pulls the cable: the guest is told, and while the link is down no frame passes. It is up in the beginning. From any thread.
    /// </summary>
    public void SetLink(bool isUp) => _device.IsLinkUp = isUp;

    private protected override void Release()
    {
        _device.Dispose();
        foreach (var tap in _taps)
            tap.Dispose();
    }

    private static byte[] ParseMac(string text)
    {
        if (!PhysicalAddress.TryParse(text, out var address) || address.GetAddressBytes() is not { Length: 6 } bytes)
            throw new ArgumentException($"'{text}' is no hardware address like 02:00:00:00:00:01.", nameof(text));
        return (bytes[0] & 1) == 0 ? bytes : throw new ArgumentException($"{text} is a multicast address.", nameof(text));
    }
}
