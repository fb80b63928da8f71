using System.Text;
using Kata.Linux;
using Kata.Virtio.Mmio;
using Kata.Virtio.Queues;
using Kata.Virtio.Tests.Fakes;
using Kata.Virtio.Tests.Mmio;
using Kata.Virtio.Tests.Support;
using Kata.Virtio.Vsock;

namespace Kata.Virtio.Tests.Vsock;

/// <summary>The device of the vhost-user tests behind registers: what differs is who carries it.</summary>
[TestClass]
public sealed class VirtioVsockTests
{
    private const uint GuestPort = 1024;
    private const int BufferBytes = 4096;

    public TestContext TestContext { get; set; } = null!;

    private CancellationToken Cancellation => TestContext.CancellationToken;

    [TestMethod]
    [Timeout(60_000, CooperativeCancellation = true)]
    public async Task Stream_OverMmio_CarriesDataBothWaysAndSurvivesAPause()
    {
        using var directory = new TemporaryDirectory();
        var path = directory.File("vs");
        await using (var driver = new MmioDriver(VirtioVsock.Create(new VirtioVsockOptions { HybridSocketPath = path, GuestCid = 3 })))
        {
            var cid = new byte[8];
            driver.Transport.Read((uint)MmioRegister.Configuration, cid);
            Assert.AreEqual(FakeMachine.GuestCid, BitConverter.ToUInt64(cid));
            driver.Start();
            OfferReceive(driver);
            var connecting = HybridClient.ConnectAsync(path, GuestPort, Cancellation);
            var request = Receive(driver, out _);
            Assert.AreEqual((VsockOperation.Request, GuestPort), (request.Operation, request.DestinationPort));
            Send(driver, FakeMachine.Packet(VsockOperation.Response, GuestPort, request.SourcePort));
            using var client = await connecting;

            driver.Transport.Pause();
            await HybridClient.SendAllAsync(client, "to the guest"u8.ToArray(), Cancellation);
            driver.Transport.Resume();
            VsockHeader header;
            string text;
            do
                header = Receive(driver, out text);
            while (header.Operation != VsockOperation.Data);
            Assert.AreEqual("to the guest", text);

            var sent = "to the host"u8.ToArray();
            Send(driver, FakeMachine.Packet(VsockOperation.Data, GuestPort, request.SourcePort, (uint)sent.Length), sent);
            var received = new byte[sent.Length];
            await HybridClient.ReceiveExactlyAsync(client, received, Cancellation);
            CollectionAssert.AreEqual(sent, received);
        }

        Assert.IsFalse(File.Exists(path), "The device left its socket behind.");
    }

    [TestMethod]
    public async Task Dispose_WithoutTransport_RemovesTheSocket()
    {
        using var directory = new TemporaryDirectory();
        var device = VirtioVsock.Create(new VirtioVsockOptions { HybridSocketPath = directory.File("vs"), GuestCid = 3 });
        Assert.IsTrue(File.Exists(directory.File("vs")));
        await device.DisposeAsync();
        Assert.IsFalse(File.Exists(directory.File("vs")));
        File.WriteAllText(directory.File("vs"), "somebody else's");
        await device.DisposeAsync();
        Assert.IsTrue(File.Exists(directory.File("vs")));
    }

    [TestMethod]
    public void Create_BadOptions_AreRefused()
    {
        using var directory = new TemporaryDirectory();
        var options = new VirtioVsockOptions { HybridSocketPath = directory.File("vs"), GuestCid = 2 };
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => VirtioVsock.Create(options));
        File.WriteAllText(directory.File("vs"), "");
        var error = Assert.ThrowsExactly<LinuxException>(() => VirtioVsock.Create(options with { GuestCid = 3 }));
        Assert.AreEqual(Errno.EADDRINUSE, error.Errno);
    }

    private static void OfferReceive(MmioDriver driver)
    {
        for (ushort i = 0; i < driver.Queues[0].Layout.Size; i++)
        {
            driver.Queues[0].Set(i, MmioDriver.Data + ((ulong)i * BufferBytes), BufferBytes, DescriptorFlags.Write);
            driver.Queues[0].Offer(i);
        }

        driver[MmioRegister.QueueNotify] = 0;
    }

    private static VsockHeader Receive(MmioDriver driver, out string text)
    {
        var (head, written) = driver.Take(0);
        var packet = driver.At(MmioDriver.Data + ((ulong)head * BufferBytes), (int)written);
        text = Encoding.ASCII.GetString(packet[VsockHeader.Size..]);
        return VsockHeader.Read(packet);
    }

    private static void Send(MmioDriver driver, in VsockHeader header, ReadOnlySpan<byte> payload = default)
    {
        var at = MmioDriver.MemoryBytes - BufferBytes;
        header.Write(driver.At(at, VsockHeader.Size));
        payload.CopyTo(driver.At(at + VsockHeader.Size, payload.Length));
        driver.Queues[1].Set(0, at, (uint)(VsockHeader.Size + payload.Length));
        driver.Exchange(1, 0);
    }
}
