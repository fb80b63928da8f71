using System.Buffers.Binary;
using Kata.Linux;
using Kata.Virtio.Devices;
using Kata.Virtio.Events;
using Microsoft.Extensions.Logging;
using Microsoft.Win32.SafeHandles;

namespace Kata.Virtio.Network;

/// <summary>
/// The virtio network device (virtio 1.2, 5.1) over the queues of a TAP device. Holds what all queue pairs share; each of them works on its
/// own.
/// </summary>
internal sealed class NetworkDevice : IQueueDevice, IDisposable
{
    private const int MacBytes = 6;
    private const int ConfigurationBytes = 12;
    private const ushort LinkUp = 1;

    private readonly NetworkQueuePair[] _pairs;
    private readonly IReadOnlyList<SafeFileHandle> _taps;
    private readonly EventLoop _loop;
    private readonly bool[] _tapEnabled;
    private readonly byte[] _configuredMac;
    private readonly byte[] _mac;
    private readonly ushort? _mtu;
    private ulong _negotiated;
    private volatile bool _isLinkUp = true;
    private LogGate _tapGate;
    private LogGate _pairsGate;

    /// <param name="taps">One queue of the TAP device for each pair, non-blocking, all enabled. Stay the caller's.</param>
    /// <param name="loops">One for each pair.</param>
    /// <param name="offersUdp">The TAP device can do <see cref="TapOffloads.Udp"/>.</param>
    public NetworkDevice(
        VirtioNetworkOptions options, byte[] mac, IReadOnlyList<SafeFileHandle> taps, IReadOnlyList<EventLoop> loops, bool offersUdp)
    {
        (_taps, _loop, _configuredMac, _mac, _mtu) = (taps, loops[0], mac, [.. mac], options.Mtu);
        (TapName, Logger, MaxQueueSize) = (options.TapName, options.Logger, (ushort)options.QueueSize);
        Features = VirtioFeatures.Version1 | VirtioFeatures.EventIndex | VirtioFeatures.IndirectDescriptors
            | NetworkFeatures.HostChecksum | NetworkFeatures.HostTcp4 | NetworkFeatures.HostTcp6 | NetworkFeatures.HostTcpEcn
            | NetworkFeatures.GuestChecksum | NetworkFeatures.GuestTcp4 | NetworkFeatures.GuestTcp6 | NetworkFeatures.GuestTcpEcn
            | (offersUdp ? NetworkFeatures.HostUdp | NetworkFeatures.GuestUdp4 | NetworkFeatures.GuestUdp6 : 0)
            | NetworkFeatures.MergeableBuffers | NetworkFeatures.Mac | NetworkFeatures.Status | (_mtu is null ? 0 : NetworkFeatures.Mtu)
            | NetworkFeatures.ControlQueue | NetworkFeatures.ControlReceive | NetworkFeatures.ControlMacAddress
            | NetworkFeatures.ControlGuestOffloads | (taps.Count > 1 ? NetworkFeatures.MultiQueue : 0);
        _tapEnabled = new bool[taps.Count];
        Array.Fill(_tapEnabled, true);
        _pairs = new NetworkQueuePair[taps.Count];
        for (var i = 0; i < _pairs.Length; i++)
            _pairs[i] = new NetworkQueuePair(this, taps[i], loops[i]);
        Workers = _pairs;
    }

    public uint DeviceType => Devices.DeviceType.Network;

    public ulong Features { get; }

    /// <summary>Pairs of receive and transmit queues, and the control queue: the last, or the third when only one pair is used.</summary>
    public int QueueCount => (2 * _pairs.Length) + 1;

    public ushort MaxQueueSize { get; }

    public IVirtioTransport? Transport { get; set; }

    public IReadOnlyList<IQueueWorker> Workers { get; }

    public string TapName { get; }

    public ILogger Logger { get; }

    public int Mtu => _mtu ?? NetworkLimits.DefaultMtu;

    public ulong Negotiated => Volatile.Read(ref _negotiated);

    /// <summary>Whether frames pass. From any thread.</summary>
    public bool IsLinkUp
    {
        get => _isLinkUp;
        set
        {
            _isLinkUp = value;
            foreach (var pair in _pairs)
                pair.PostResume();
            _loop.Post(() => Transport?.ConfigurationChanged());
        }
    }

    public bool Has(ulong feature) => (Negotiated & feature) != 0;

    public int WorkerOf(int queue) => queue / 2 < _pairs.Length ? queue / 2 : 0;

    public NetworkQueueRole RoleOf(int queue)
    {
        var control = Has(NetworkFeatures.MultiQueue) ? 2 * _pairs.Length : 2;
        if (queue >= control)
            return queue == control && Has(NetworkFeatures.ControlQueue) ? NetworkQueueRole.Control : NetworkQueueRole.None;
        return queue % 2 == 0 ? NetworkQueueRole.Receive : NetworkQueueRole.Transmit;
    }

    public void SetFeatures(ulong features)
    {
        Volatile.Write(ref _negotiated, features);
        SetGuestOffloads(features & NetworkFeatures.GuestOffloads);
    }

    public void Reset()
    {
        _configuredMac.CopyTo(_mac, 0);
        SetFeatures(0);
        SetQueuePairs(1);
    }

    public void ReadConfiguration(uint offset, Span<byte> destination)
    {
        Span<byte> configuration = stackalloc byte[ConfigurationBytes];
        _mac.CopyTo(configuration);
        BinaryPrimitives.WriteUInt16LittleEndian(configuration[MacBytes..], _isLinkUp ? LinkUp : (ushort)0);
        BinaryPrimitives.WriteUInt16LittleEndian(configuration[8..], (ushort)_pairs.Length);
        BinaryPrimitives.WriteUInt16LittleEndian(configuration[10..], _mtu ?? 0);
        destination.Clear();
        if (offset < ConfigurationBytes)
            configuration[(int)offset..Math.Min(ConfigurationBytes, (int)offset + destination.Length)].CopyTo(destination);
    }

    /// <summary>The driver has another address now. False when it is no address of a station.</summary>
    public bool SetMacAddress(ReadOnlySpan<byte> address)
    {
        if ((address[0] & 1) != 0)
            return false;
        address.CopyTo(_mac);
        return true;
    }

    /// <summary>Lets the kernel leave work to the guest. False when it is not in what was negotiated, or the TAP device refuses.</summary>
    public bool SetGuestOffloads(ulong features)
    {
        if ((features & ~(Negotiated & NetworkFeatures.GuestOffloads)) != 0)
            return false;
        return TryTap(() => TapDevice.TrySetOffloads(_taps[0], NetworkFeatures.ToTapOffloads(features)), "TUNSETOFFLOAD");
    }

    /// <summary>Spreads frames to the first <paramref name="count"/> pairs. False when there are fewer, or the TAP refuses.</summary>
    public bool SetQueuePairs(int count)
    {
        if (count < 1 || count > _pairs.Length)
            return false;
        if (_pairsGate.TryPass(out var suppressed))
            NetworkLog.QueuePairs(Logger, TapName, count, suppressed);
        var succeeded = true;
        for (var i = 0; i < _pairs.Length; i++)
        {
            if (_tapEnabled[i] == i < count)
                continue;
            var (tap, enable) = (_taps[i], i < count);
            if (TryTap(() => SetEnabled(tap, enable), "TUNSETQUEUE"))
                _tapEnabled[i] = enable;
            else
                succeeded = false;
            _pairs[i].PostResume();
        }

        return succeeded;

        static bool SetEnabled(SafeFileHandle tap, bool enable)
        {
            TapDevice.SetQueueEnabled(tap, enable);
            return true;
        }
    }

    public void Dispose()
    {
        foreach (var pair in _pairs)
            pair.Dispose();
    }

    /// <summary>The TAP device may be gone, which is the host's doing and no reason to end the machine.</summary>
    private bool TryTap(Func<bool> change, string call)
    {
        var reason = $"{call}: EINVAL";
        try
        {
            if (change())
                return true;
        }
        catch (LinuxException exception)
        {
            reason = exception.Message;
        }

        if (_tapGate.TryPass(out var suppressed))
            NetworkLog.TapRefused(Logger, TapName, reason, suppressed);
        return false;
    }
}
