using System.Net;
using System.Net.Sockets;
using Kata.Linux;
using Kata.Linux.Netlink;
using Kata.Virtio.Network;
using Kata.Virtio.Tests.Support;

namespace Kata.Virtio.Tests.Real;

/// <summary>QEMU with the test guest, whose network card is a <see cref="VirtioNetwork"/> in the caller's network namespace.</summary>
internal sealed class NetworkGuest : IDisposable
{
    private const string Tap = "tap0";
    private static readonly TimeSpan BootLimit = TimeSpan.FromSeconds(100);

    private readonly TemporaryDirectory _directory = new();
    private readonly VirtioNetwork _network;
    private readonly VhostUserBackEnd _backEnd;
    private readonly ChildProcess _qemu;

    public NetworkGuest(string kernel, string initrd)
    {
        PersistentTap.Create(Tap, multiQueue: false);
        _network = VirtioNetwork.Create(new VirtioNetworkOptions { TapName = Tap, MacAddress = "02:00:00:00:00:02", Logger = Logger });
        using (var network = new NetworkConfigurator())
        {
            var tap = network.ListLinks().Single(link => link.Name == Tap).Index;
            network.BringUp(tap, 1500);
            network.AddAddress(tap, IPAddress.Parse("10.1.0.1"), 24);
        }

        _backEnd = VhostUserBackEnd.Start(_network, _directory.File("net"), Logger);
        _qemu = QemuGuest.Start(
            _directory, kernel, initrd,
            "-chardev", $"socket,id=net0,path={_directory.File("net")}", "-netdev", "vhost-user,id=net0,chardev=net0",
            // QEMU 7.2 without KVM crashes over the message-signalled interrupts of this device.
            "-device", "virtio-net-pci,netdev=net0,mac=02:00:00:00:00:02,vectors=0,romfile=");
    }

    public RecordingLogger Logger { get; } = new();

    public ulong Negotiated => ((NetworkDevice)_network.Model).Negotiated;

    /// <summary>Connects to a service of the guest as soon as it listens.</summary>
    public Socket Connect(uint port)
    {
        var deadline = Environment.TickCount64 + (long)BootLimit.TotalMilliseconds;
        while (true)
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { Blocking = false };
            Assert.ThrowsExactly<SocketException>(() => socket.Connect(IPAddress.Parse("10.1.0.2"), (int)port));
            if (socket.Poll(TimeSpan.FromSeconds(1), SelectMode.SelectWrite) && socket.Connected)
            {
                (socket.Blocking, socket.ReceiveTimeout, socket.SendTimeout) = (true, 60_000, 60_000);
                return socket;
            }

            socket.Dispose();
            Assert.IsFalse(_qemu.Exited.IsCompleted, $"QEMU ended. {Text("qemu.log")}{Text("console")}{Logger}");
            Assert.IsLessThan(deadline, Environment.TickCount64, $"The guest does not listen. {Text("console")}{Logger}");
            Assert.IsFalse(_network.Completed.IsCompleted);
        }
    }

    public void Dispose()
    {
        _qemu.Kill(Signal.SIGKILL);
        _qemu.Exited.GetAwaiter().GetResult();
        _qemu.Dispose();
        _backEnd.DisposeAsync().AsTask().GetAwaiter().GetResult();
        _network.DisposeAsync().AsTask().GetAwaiter().GetResult();
        _directory.Dispose();
    }

    private string Text(string file) => File.ReadAllText(_directory.File(file));
}
