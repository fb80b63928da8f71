using System.Net.Sockets;
using Kata.Virtio.Tests.Fakes;
using Kata.Virtio.Tests.Support;
using Kata.Virtio.Vsock;

namespace Kata.Virtio.Tests.Vsock;

/// <summary>Streams through the whole device: host socket, muxer, queues in shared memory, vhost-user.</summary>
[TestClass]
public sealed class VsockStreamTests
{
    private const uint GuestPort = 1024;

    public TestContext TestContext { get; set; } = null!;

    private CancellationToken Cancellation => TestContext.CancellationToken;

    [TestMethod]
    [Timeout(30_000, CooperativeCancellation = true)]
    [DataRow(true)]
    [DataRow(false)]
    public async Task Stream_BothWays_CarriesBytes(bool eventIndex)
    {
        await using var device = new DeviceFixture();
        using var machine = device.StartMachine(eventIndex);
        var (client, hostPort) = await device.ConnectAsync(machine, GuestPort, Cancellation);
        using (client)
        {
            Assert.IsGreaterThanOrEqualTo(1u << 30, hostPort);
            await HybridClient.SendAllAsync(client, "ping"u8.ToArray(), Cancellation);
            var payload = new byte[4];
            var data = machine.Take(payload);
            Assert.AreEqual((VsockOperation.Data, 4u), (data.Operation, data.Length));
            Assert.AreEqual((2UL, FakeMachine.GuestCid, hostPort, GuestPort), (data.SourceCid, data.DestinationCid, data.SourcePort, data.DestinationPort));
            Assert.AreEqual((uint)VsockLimits.BufferBytes, data.BufferAllocation);
            CollectionAssert.AreEqual("ping"u8.ToArray(), payload);

            machine.Send(FakeMachine.Packet(VsockOperation.Data, GuestPort, hostPort, 4), "pong"u8);
            await HybridClient.ReceiveExactlyAsync(client, payload, Cancellation);
            CollectionAssert.AreEqual("pong"u8.ToArray(), payload);
        }
    }

    [TestMethod]
    [Timeout(30_000, CooperativeCancellation = true)]
    public async Task Connect_BeforeTheDriverIsUp_IsHeldUntilThen()
    {
        await using var device = new DeviceFixture();
        var connecting = HybridClient.ConnectAsync(device.HybridPath, GuestPort, Cancellation);
        using var machine = new FakeMachine(device.VhostUserPath);
        machine.Negotiate();
        Assert.IsFalse(connecting.IsCompleted);
        machine.ShareMemory();
        for (ushort i = 0; i < 8; i++)
            machine.OfferReceive(i);
        machine.StartRing(0, machine.Receive);
        machine.StartRing(1, machine.Transmit);
        var request = machine.Take();
        Assert.AreEqual((VsockOperation.Request, GuestPort), (request.Operation, request.DestinationPort));
        machine.Send(FakeMachine.Packet(VsockOperation.Response, GuestPort, request.SourcePort));
        (await connecting).Dispose();
    }

    [TestMethod]
    [Timeout(30_000, CooperativeCancellation = true)]
    public async Task Connect_DriverNeverComes_IsClosedAfterTheTime()
    {
        await using var device = new DeviceFixture(readyTimeout: TimeSpan.FromMilliseconds(50));
        Assert.IsNull(await HybridClient.TryConnectAsync(device.HybridPath, GuestPort, Cancellation));
    }

    [TestMethod]
    [Timeout(30_000, CooperativeCancellation = true)]
    public async Task Connect_GuestRefuses_IsClosedWithoutAnswer()
    {
        await using var device = new DeviceFixture();
        using var machine = device.StartMachine();
        var connecting = HybridClient.TryConnectAsync(device.HybridPath, GuestPort, Cancellation);
        var request = machine.Take();
        machine.Send(FakeMachine.Packet(VsockOperation.Reset, GuestPort, request.SourcePort, credit: 0));
        Assert.IsNull(await connecting);
    }

    [TestMethod]
    [Timeout(30_000, CooperativeCancellation = true)]
    public async Task Connect_ClientGivesUp_GuestIsReset()
    {
        await using var device = new DeviceFixture();
        using var machine = device.StartMachine();
        uint hostPort;
        using (var client = await HybridClient.OpenAsync(device.HybridPath, Cancellation))
        {
            await HybridClient.SendAllAsync(client, "connect 1024\n"u8.ToArray(), Cancellation);
            hostPort = machine.Take().SourcePort;
        }

        var reset = machine.Take();
        Assert.AreEqual((VsockOperation.Reset, hostPort), (reset.Operation, reset.SourcePort));
    }

    [TestMethod]
    [Timeout(30_000, CooperativeCancellation = true)]
    [DataRow("CONNECT\n")]
    [DataRow("CONNECT x\n")]
    [DataRow("CONNECT -1\n")]
    [DataRow("CONNECT 4294967295\n")]
    [DataRow("CONNECT 4294967296\n")]
    [DataRow("CONNECT 12 34\n")]
    [DataRow("GET / HTTP/1.1\r\n")]
    [DataRow("\n")]
    [DataRow("CONNECT 00000000000000000000000000000000000001024\n")]
    public async Task Connect_BadFirstLine_IsClosed(string line)
    {
        await using var device = new DeviceFixture();
        using var machine = device.StartMachine();
        using var client = await HybridClient.OpenAsync(device.HybridPath, Cancellation);
        await HybridClient.SendAllAsync(client, System.Text.Encoding.ASCII.GetBytes(line), Cancellation);
        Assert.AreEqual(0, await HybridClient.ReceiveAsync(client, new byte[1], Cancellation));
    }

    [TestMethod]
    [Timeout(30_000, CooperativeCancellation = true)]
    public async Task Connect_LineInPiecesWithDataBehind_DataReachesGuest()
    {
        await using var device = new DeviceFixture();
        using var machine = device.StartMachine();
        using var client = await HybridClient.OpenAsync(device.HybridPath, Cancellation);
        foreach (var piece in (string[])["Con", "nect 10", "24\nearly"])
            await HybridClient.SendAllAsync(client, System.Text.Encoding.ASCII.GetBytes(piece), Cancellation);
        var request = machine.Take();
        machine.Send(FakeMachine.Packet(VsockOperation.Response, GuestPort, request.SourcePort));
        var payload = new byte[5];
        Assert.AreEqual(5u, machine.Take(payload).Length);
        CollectionAssert.AreEqual("early"u8.ToArray(), payload);
        Assert.AreEqual($"OK {request.SourcePort}", await HybridClient.ReadLineAsync(client, Cancellation));
    }

    [TestMethod]
    [Timeout(30_000, CooperativeCancellation = true)]
    public async Task HostShutsDownSending_GuestIsToldAndStillSends()
    {
        await using var device = new DeviceFixture();
        using var machine = device.StartMachine();
        var (client, hostPort) = await device.ConnectAsync(machine, GuestPort, Cancellation);
        using var _ = client;
        client.Shutdown(SocketShutdown.Send);
        var shutdown = machine.Take();
        Assert.AreEqual((VsockOperation.Shutdown, (uint)VsockShutdown.NoMoreSend), (shutdown.Operation, shutdown.Flags));
        machine.Send(FakeMachine.Packet(VsockOperation.Data, GuestPort, hostPort, 3), "end"u8);
        var payload = new byte[3];
        await HybridClient.ReceiveExactlyAsync(client, payload, Cancellation);
        machine.Send(FakeMachine.Packet(VsockOperation.Shutdown, GuestPort, hostPort, flags: (uint)VsockShutdown.Both));
        Assert.AreEqual(VsockOperation.Reset, machine.Take().Operation);
        Assert.AreEqual(0, await HybridClient.ReceiveAsync(client, payload, Cancellation));
    }

    [TestMethod]
    [Timeout(30_000, CooperativeCancellation = true)]
    public async Task GuestShutsDownSending_HostReadsTheEndAndStillSends()
    {
        await using var device = new DeviceFixture();
        using var machine = device.StartMachine();
        var (client, hostPort) = await device.ConnectAsync(machine, GuestPort, Cancellation);
        using var _ = client;
        machine.Send(FakeMachine.Packet(VsockOperation.Shutdown, GuestPort, hostPort, flags: (uint)VsockShutdown.NoMoreSend));
        Assert.AreEqual(0, await HybridClient.ReceiveAsync(client, new byte[1], Cancellation));
        await HybridClient.SendAllAsync(client, "late"u8.ToArray(), Cancellation);
        var payload = new byte[4];
        Assert.AreEqual(4u, machine.Take(payload).Length);
        client.Close();
        var shutdown = machine.Take();
        Assert.AreEqual((VsockOperation.Shutdown, (uint)VsockShutdown.Both), (shutdown.Operation, shutdown.Flags));
    }

    [TestMethod]
    [Timeout(30_000, CooperativeCancellation = true)]
    public async Task HostCloses_GuestSilent_IsResetAfterTheTime()
    {
        await using var device = new DeviceFixture();
        using var machine = device.StartMachine();
        var (client, hostPort) = await device.ConnectAsync(machine, GuestPort, Cancellation);
        await HybridClient.SendAllAsync(client, "last words"u8.ToArray(), Cancellation);
        client.Close();
        var payload = new byte[10];
        Assert.AreEqual((VsockOperation.Data, 10u), (machine.Take(payload) is var data ? data.Operation : default, data.Length));
        CollectionAssert.AreEqual("last words"u8.ToArray(), payload);
        VsockHeader packet;
        do
            packet = machine.Take();
        while (packet.Operation == VsockOperation.Shutdown && packet.Flags != (uint)VsockShutdown.Both);
        Assert.AreEqual(VsockOperation.Shutdown, packet.Operation);
        packet = machine.Take();
        Assert.AreEqual((VsockOperation.Reset, hostPort), (packet.Operation, packet.SourcePort));
    }

    [TestMethod]
    [Timeout(30_000, CooperativeCancellation = true)]
    public async Task GuestResets_BufferedDataStillReachesHost()
    {
        await using var device = new DeviceFixture();
        using var machine = device.StartMachine();
        var (client, hostPort) = await device.ConnectAsync(machine, GuestPort, Cancellation);
        using var _ = client;
        var sent = VsockCreditTests.FillHost(machine, GuestPort, hostPort);
        machine.Send(FakeMachine.Packet(VsockOperation.Reset, GuestPort, hostPort));
        var received = 0L;
        var buffer = new byte[64 * 1024];
        for (int count; (count = await HybridClient.ReceiveAsync(client, buffer, Cancellation)) > 0;)
            received += count;
        Assert.AreEqual(sent, received);
    }

    [TestMethod]
    [Timeout(30_000, CooperativeCancellation = true)]
    public async Task GuestConnects_HostListens_IsAccepted()
    {
        await using var device = new DeviceFixture();
        using var machine = device.StartMachine();
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint($"{device.HybridPath}_5000"));
        listener.Listen();
        machine.Send(FakeMachine.Packet(VsockOperation.Request, 70000, 5000));
        var response = machine.Take();
        Assert.AreEqual((VsockOperation.Response, 5000u, 70000u), (response.Operation, response.SourcePort, response.DestinationPort));
        using var accepted = await listener.AcceptAsync(Cancellation);
        machine.Send(FakeMachine.Packet(VsockOperation.Data, 70000, 5000, 2), "hi"u8);
        var payload = new byte[2];
        await HybridClient.ReceiveExactlyAsync(accepted, payload, Cancellation);
        CollectionAssert.AreEqual("hi"u8.ToArray(), payload);
    }

    [TestMethod]
    [Timeout(30_000, CooperativeCancellation = true)]
    public async Task GuestConnects_NobodyListens_IsReset()
    {
        await using var device = new DeviceFixture();
        using var machine = device.StartMachine();
        machine.Send(FakeMachine.Packet(VsockOperation.Request, 70000, 5001));
        var reset = machine.Take();
        Assert.AreEqual((VsockOperation.Reset, 5001u, 70000u), (reset.Operation, reset.SourcePort, reset.DestinationPort));
    }
}
