using System.Net;
using System.Runtime.InteropServices;
using Kata.Linux;
using Kata.Linux.Netlink;
using Kata.Virtio.Devices;
using Kata.Virtio.Events;
using Kata.Virtio.Memory;
using Kata.Virtio.Network;
using Kata.Virtio.Queues;
using Kata.Virtio.Tests.Fakes;
using Kata.Virtio.Tests.Support;

namespace Kata.Virtio.Tests.Network;

/// <summary>A network card on a TAP device in the calling thread's namespace, and a driver for it that works by hand.</summary>
internal sealed unsafe class NetworkMachine : IDisposable
{
    public const string Tap = "tap0";
    public const ushort QueueSize = 64;
    public const ulong MemoryBytes = 64 << 20;
    public static readonly IPAddress HostAddress = IPAddress.Parse("10.1.0.1");
    public static readonly IPAddress GuestAddress = IPAddress.Parse("10.1.0.2");
    public static readonly byte[] GuestMac = [2, 0, 0, 0, 0, 2];

    /// <summary>Long enough that its end is a failure.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    private const ulong ReceiveAt = 0x100000;
    private const ulong TransmitAt = 0x3000000;
    private const ulong ControlAt = 0x80000;
    private const ulong SlotBytes = 0x11000;
    private readonly GuardedMemory _memory = new(0, MemoryBytes);
    private readonly GuestMemory _guest;
    private readonly NetworkDevice _model;
    private ushort _sent;

    public NetworkMachine(int pairs = 1, ushort? mtu = null, bool staticNeighbor = true)
    {
        PersistentTap.Create(Tap, pairs > 1);
        Device = VirtioNetwork.Create(new VirtioNetworkOptions
        {
            TapName = Tap,
            MacAddress = "02:00:00:00:00:02",
            QueuePairs = pairs,
            Mtu = mtu,
            QueueSize = QueueSize,
            Logger = Logger,
        });
        // After the device is open: an interface without a carrier comes up a little later, and drops what is sent until then.
        using (var network = new NetworkConfigurator())
        {
            TapIndex = network.ListLinks().Single(link => link.Name == Tap).Index;
            network.BringUp(TapIndex, 1500);
            network.AddAddress(TapIndex, HostAddress, 24);
            if (staticNeighbor)
                network.SetNeighbor(new NetworkNeighbor(TapIndex, GuestAddress, "02:00:00:00:00:02", NetworkNeighbor.Permanent, 0));
            var mac = network.ListLinks().Single(link => link.Name == Tap).MacAddress;
            HostMac = Convert.FromHexString(mac.Replace(":", "", StringComparison.Ordinal));
        }

        _model = (NetworkDevice)Device.Model;
        Device.Model.Transport = Transport;
        _guest = new GuestMemory([_memory.Region]);
        for (var i = 0; i < Device.Threads.Count; i++)
            Device.Threads[i].Start(_model.Workers[i]);
        Rings = [.. Enumerable.Range(0, _model.QueueCount).Select(MakeRing)];
        Control = Rings[^1];
    }

    public VirtioNetwork Device { get; }

    public RecordingLogger Logger { get; } = new(Microsoft.Extensions.Logging.LogLevel.Debug);

    public RecordingTransport Transport { get; } = new();

    public IReadOnlyList<DriverRing> Rings { get; }

    public DriverRing Control { get; }

    public byte[] HostMac { get; }

    public int TapIndex { get; }

    public IVirtioDevice Model => _model;

    public GuestMemory Guest => _guest;

    public int BufferBytes { get; private set; }

    public EventLoop Loop(int pair = 0) => Device.Threads[pair].Loop;

    /// <summary>The driver comes up.</summary>
    /// <param name="without">Offered features that the driver does not take.</param>
    /// <param name="buffers">Receive buffers of each queue.</param>
    public void Start(ulong without = 0, int bufferBytes = 1536, int buffers = QueueSize)
    {
        BufferBytes = bufferBytes;
        Loop().Invoke(() => _model.SetFeatures(_model.Features & ~without));
        for (var i = 0; i < Rings.Count - 1; i += 2)
        {
            for (ushort slot = 0; slot < buffers; slot++)
                Recycle(i / 2, slot, kick: false);
        }

        foreach (var ring in Rings)
            ring.Start(_guest);
    }

    /// <summary>Offers a receive buffer.</summary>
    public void Recycle(int pair, ushort slot, bool kick = true)
    {
        var ring = Rings[2 * pair];
        ring.Driver.Set(slot, ReceiveBuffer(pair, slot), (uint)BufferBytes, DescriptorFlags.Write);
        var before = ring.Driver.AvailableIndex;
        ring.Driver.Offer(slot);
        if (kick)
            ring.Kick(before);
    }

    /// <summary>Takes the next frame, gathered from its buffers, which are offered anew.</summary>
    public bool TryTake(out NetworkHeader header, out byte[] frame, TimeSpan limit, int pair = 0, bool recycle = true)
    {
        (header, frame) = (default, []);
        var bytes = new List<byte>();
        var count = 1;
        var slots = new List<ushort>();
        for (var i = 0; i < count; i++)
        {
            if (!Rings[2 * pair].TryTakeUsed(i == 0 ? limit : TimeSpan.Zero, out var head, out var written))
            {
                Assert.AreEqual(0, i, "The buffers of a frame come at once.");
                return false;
            }

            Assert.IsLessThanOrEqualTo(BufferBytes, (int)written);
            bytes.AddRange(Memory(ReceiveBuffer(pair, (ushort)head), (int)written));
            slots.Add((ushort)head);
            if (i == 0)
            {
                header = MemoryMarshal.Read<NetworkHeader>(CollectionsMarshal.AsSpan(bytes));
                count = header.BufferCount;
                Assert.IsGreaterThan(0, count);
            }
        }

        if (recycle)
            slots.ForEach(slot => Recycle(pair, slot));
        frame = [.. bytes[NetworkHeader.Size..]];
        return true;
    }

    /// <summary>Takes frames until one is IPv4 for the guest: the kernel speaks about IPv6 on its own.</summary>
    public (NetworkHeader Header, byte[] Frame) TakePacket(int pair = 0)
    {
        while (TryTake(out var header, out var frame, Limit, pair))
        {
            if (Frames.IsIPv4(frame))
                return (header, frame);
        }

        throw new AssertFailedException($"No packet comes. {Logger}");
    }

    /// <summary>No packet for the guest comes within some time that would suffice.</summary>
    public void ExpectNoPacket(int pair = 0)
    {
        while (TryTake(out _, out var frame, TimeSpan.FromMilliseconds(200), pair))
            Assert.IsFalse(Frames.IsIPv4(frame), "A packet came.");
    }

    /// <summary>Sends a frame and waits until the device has given it back.</summary>
    /// <param name="cuts">Where buffers end, besides at the end.</param>
    public void Send(NetworkHeader header, ReadOnlySpan<byte> frame, int pair = 0, params ReadOnlySpan<int> cuts)
    {
        Post(header, frame, pair, cuts);
        Assert.IsTrue(Rings[(2 * pair) + 1].TryTakeUsed(Limit, out _, out var written), $"A frame does not come back. {Logger}");
        Assert.AreEqual(0u, written);
    }

    public void Post(NetworkHeader header, ReadOnlySpan<byte> frame, int pair = 0, params ReadOnlySpan<int> cuts)
    {
        var slot = (ushort)(_sent++ % 16);
        var at = TransmitAt + ((ulong)slot * SlotBytes);
        var bytes = Memory(at, NetworkHeader.Size + frame.Length);
        MemoryMarshal.Write(bytes, header);
        frame.CopyTo(bytes[NetworkHeader.Size..]);
        var ring = Rings[(2 * pair) + 1];
        var (first, start) = ((ushort)(slot * 4), 0);
        for (var i = 0; i <= cuts.Length; i++)
        {
            var end = i < cuts.Length ? cuts[i] : bytes.Length;
            ring.Driver.Set(first + i, at + (ulong)start, (uint)(end - start), i < cuts.Length ? DescriptorFlags.Next : 0, first + i + 1);
            start = end;
        }

        ring.Offer(first);
    }

    /// <summary>Gives the control queue a command and returns the answer: 0 for success.</summary>
    public byte Command(params ReadOnlySpan<byte> command) => CommandOn(Control, command);

    public byte CommandOn(DriverRing ring, ReadOnlySpan<byte> command)
    {
        command.CopyTo(Memory(ControlAt, command.Length));
        Memory(ControlAt + 0x100, 1)[0] = 0xee;
        ring.Driver.Set(60, ControlAt, (uint)command.Length, DescriptorFlags.Next, 61);
        ring.Driver.Set(61, ControlAt + 0x100, 1, DescriptorFlags.Write);
        ring.Offer(60);
        Assert.IsTrue(ring.TryTakeUsed(Limit, out var head, out var written), $"A command does not come back. {Logger}");
        Assert.AreEqual((60u, 1u), (head, written));
        return Memory(ControlAt + 0x100, 1)[0];
    }

    /// <summary>A reset, and the driver comes up again.</summary>
    public void Restart(ulong without = 0, int buffers = QueueSize)
    {
        foreach (var ring in Rings)
            ring.Stop();
        Loop().Invoke(_model.Reset);
        foreach (var ring in Rings)
            ring.Driver.Clear();
        Start(without, BufferBytes, buffers);
    }

    public byte[] Configuration()
    {
        var bytes = new byte[12];
        Loop().Invoke(() => _model.ReadConfiguration(0, bytes));
        return bytes;
    }

    public Span<byte> Memory(ulong address, int length) => new(_memory.Host + address, length);

    public void Dispose()
    {
        foreach (var ring in Rings)
            ring.Stop();
        Device.DisposeAsync().AsTask().GetAwaiter().GetResult();
        Device.Completed.GetAwaiter().GetResult();
        foreach (var ring in Rings)
            ring.Dispose();
        _memory.Dispose();
    }

    /// <summary>Runs a test in a network namespace of its own.</summary>
    public static void InNewNamespace(Action test)
    {
        if (!File.Exists("/dev/net/tun") || CurrentProcess.EffectiveUserId != 0)
            Assert.Inconclusive("needs root and /dev/net/tun");
        Namespaces.RunInNew(NamespaceKinds.Network, () =>
        {
            test();
            return true;
        });
    }

    private static ulong ReceiveBuffer(int pair, ushort slot) => ReceiveAt + ((((ulong)pair * QueueSize) + slot) * SlotBytes);

    private DriverRing MakeRing(int index)
    {
        var worker = _model.WorkerOf(index);
        return new DriverRing(_model.Workers[worker], Device.Threads[worker].Loop, index, _memory.Host, QueueSize);
    }
}
