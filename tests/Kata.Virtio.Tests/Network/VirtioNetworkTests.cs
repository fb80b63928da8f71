using Kata.Linux;
using Kata.Linux.Netlink;
using Kata.Virtio.Mmio;
using Kata.Virtio.Network;
using Kata.Virtio.Queues;
using Kata.Virtio.Tests.Mmio;

namespace Kata.Virtio.Tests.Network;

/// <summary>The device as others use it: made from options, behind a transport.</summary>
[TestClass]
public sealed class VirtioNetworkTests
{
    [TestMethod]
    [Timeout(30_000, CooperativeCancellation = true)]
    public void Mmio_FramesBothWaysAndACommand() => NetworkMachine.InNewNamespace(() =>
    {
        PersistentTap.Create("tap0", multiQueue: true);
        var network = VirtioNetwork.Create(Options() with { QueuePairs = 2, Mtu = 1400 });
        var driver = new MmioDriver(network);
        try
        {
            using var configurator = new NetworkConfigurator();
            var tap = configurator.ListLinks().Single(link => link.Name == "tap0");
            configurator.BringUp(tap.Index, 1500);
            configurator.AddAddress(tap.Index, NetworkMachine.HostAddress, 24);
            configurator.SetNeighbor(
                new NetworkNeighbor(tap.Index, NetworkMachine.GuestAddress, "02:00:00:00:00:02", NetworkNeighbor.Permanent, 0));
            driver.Start();
            using var socket = HostSocket.Bind();

            var mac = Convert.FromHexString(tap.MacAddress.Replace(":", "", StringComparison.Ordinal));
            var frame = Frames.Datagram(mac, 7, HostSocket.PortOf(socket), "from the guest"u8);
            driver.At(MmioDriver.Data, NetworkHeader.Size).Clear();
            frame.CopyTo(driver.At(MmioDriver.Data + NetworkHeader.Size, frame.Length));
            driver.Queues[1].Set(0, MmioDriver.Data, (uint)(NetworkHeader.Size + frame.Length));
            Assert.AreEqual(0u, driver.Exchange(1, 0));
            CollectionAssert.AreEqual("from the guest"u8.ToArray(), HostSocket.Receive(socket));

            HostSocket.Send(socket, "to the guest"u8);
            byte[] received;
            do
            {
                driver.Queues[0].Set(0, MmioDriver.Data, 2000, DescriptorFlags.Write);
                var length = (int)driver.Exchange(0, 0);
                received = driver.At(MmioDriver.Data + NetworkHeader.Size, length - NetworkHeader.Size).ToArray();
            }
            while (!Frames.IsIPv4(received));
            Assert.IsTrue(Frames.PayloadOf(received).SequenceEqual("to the guest"u8));

            ((ReadOnlySpan<byte>)[4, 0, 2, 0, 0xee]).CopyTo(driver.At(MmioDriver.Data, 5));
            driver.Queues[4].Set(0, MmioDriver.Data, 4, DescriptorFlags.Next, 1);
            driver.Queues[4].Set(1, MmioDriver.Data + 4, 1, DescriptorFlags.Write);
            Assert.AreEqual(1u, driver.Exchange(4, 0));
            Assert.AreEqual(0, driver.At(MmioDriver.Data + 4, 1)[0]);

            network.SetLink(false);
            Assert.IsTrue(SpinWait.SpinUntil(() => (driver[MmioRegister.InterruptStatus] & 2) != 0, NetworkMachine.Limit));
            var status = new byte[2];
            driver.Transport.Read((uint)MmioRegister.Configuration + 6, status);
            CollectionAssert.AreEqual(new byte[2], status);
        }
        finally
        {
            driver.DisposeAsync().AsTask().GetAwaiter().GetResult();
        }
    });

    [TestMethod]
    [Timeout(30_000, CooperativeCancellation = true)]
    public void Create_TapDevice_MustFit() => NetworkMachine.InNewNamespace(() =>
    {
        PersistentTap.Create("tap1", multiQueue: false);
        PersistentTap.Create("tap2", multiQueue: true);
        Assert.AreEqual(Errno.ENODEV, Fails(Options()));
        Assert.IsFalse(TapDevice.Exists("tap0"), "It was not made.");
        Assert.AreEqual(Errno.EINVAL, Fails(Options() with { TapName = "tap1", QueuePairs = 2 }));
        Assert.AreEqual(Errno.EINVAL, Fails(Options() with { TapName = "lo" }));
        using (TapDevice.OpenQueue("tap1", multiQueue: false))
            Assert.AreEqual(Errno.EBUSY, Fails(Options() with { TapName = "tap1" }));
        foreach (var options in new[] { Options() with { TapName = "tap1" }, Options() with { TapName = "tap2" } })
        {
            // Twice: the first leaves nothing open.
            VirtioNetwork.Create(options).DisposeAsync().AsTask().GetAwaiter().GetResult();
            VirtioNetwork.Create(options).DisposeAsync().AsTask().GetAwaiter().GetResult();
        }

        static Errno Fails(VirtioNetworkOptions options) => Assert.ThrowsExactly<LinuxException>(() => VirtioNetwork.Create(options)).Errno;
    });

    [TestMethod]
    public void Create_OptionsOutOfRange_AreRefused()
    {
        VirtioNetworkOptions[] refused =
        [
            Options() with { MacAddress = "" },
            Options() with { MacAddress = "02:00:00:00:00" },
            Options() with { MacAddress = "01:00:5e:00:00:01" },
            Options() with { QueuePairs = 0 },
            Options() with { QueuePairs = 257 },
            Options() with { QueueSize = 100 },
            Options() with { QueueSize = 2048 },
            Options() with { Mtu = 67 },
        ];
        foreach (var options in refused)
            Assert.Throws<ArgumentException>(() => VirtioNetwork.Create(options), options.ToString());
    }

    private static VirtioNetworkOptions Options() => new() { TapName = "tap0", MacAddress = "02:00:00:00:00:02" };
}
