using System.Net.Sockets;
using CsCheck;
using Kata.Linux;
using Kata.Virtio.Tests.Fakes;
using Kata.Virtio.Tests.Support;
using Kata.Virtio.Vsock;

namespace Kata.Virtio.Tests.Vsock;

/// <summary>Guests that break the rules harm themselves only.</summary>
[TestClass]
public sealed class HostileGuestTests
{
    private const uint GuestPort = 1024;

    public TestContext TestContext { get; set; } = null!;

    private CancellationToken Cancellation => TestContext.CancellationToken;

    [TestMethod]
    [Timeout(30_000, CooperativeCancellation = true)]
    [DataRow((ushort)VsockOperation.Response)]
    [DataRow((ushort)VsockOperation.Data)]
    [DataRow((ushort)VsockOperation.Shutdown)]
    [DataRow((ushort)VsockOperation.CreditUpdate)]
    [DataRow((ushort)VsockOperation.CreditRequest)]
    [DataRow((ushort)0)]
    [DataRow((ushort)99)]
    public async Task Packet_ForUnknownStream_IsReset(ushort operation)
    {
        await using var device = new DeviceFixture();
        using var machine = device.StartMachine();
        machine.Send(FakeMachine.Packet((VsockOperation)operation, 7, 8));
        var reset = machine.Take();
        Assert.AreEqual((VsockOperation.Reset, 8u, 7u), (reset.Operation, reset.SourcePort, reset.DestinationPort));
    }

    [TestMethod]
    [Timeout(30_000, CooperativeCancellation = true)]
    public async Task Packet_ResetForUnknownStreamOrWrongAddress_IsIgnored()
    {
        await using var device = new DeviceFixture();
        using var machine = device.StartMachine();
        machine.Send(FakeMachine.Packet(VsockOperation.Reset, 7, 8));
        machine.Send(FakeMachine.Packet(VsockOperation.Data, 7, 8) with { SourceCid = 4 });
        machine.Send(FakeMachine.Packet(VsockOperation.Data, 7, 8) with { DestinationCid = 1 });
        machine.Send(FakeMachine.Packet(VsockOperation.Data, 7, 8) with { Length = 1 });
        machine.Send(FakeMachine.Packet(VsockOperation.Data, 7, 8) with { Length = uint.MaxValue });
        machine.Send(FakeMachine.Packet(VsockOperation.Data, 70, 80));
        // In order: a reset for one of the earlier packets would come first.
        Assert.AreEqual(80u, machine.Take().SourcePort);
    }

    [TestMethod]
    [Timeout(30_000, CooperativeCancellation = true)]
    public async Task Packet_OfSeqpacketType_IsReset()
    {
        await using var device = new DeviceFixture();
        using var machine = device.StartMachine();
        machine.Send(FakeMachine.Packet(VsockOperation.Request, 7, 8) with { Type = 2 });
        Assert.AreEqual(VsockOperation.Reset, machine.Take().Operation);
    }

    [TestMethod]
    [Timeout(30_000, CooperativeCancellation = true)]
    [DataRow((ushort)VsockOperation.Request)]
    [DataRow((ushort)VsockOperation.Response)]
    [DataRow((ushort)42)]
    public async Task Packet_UnexpectedInStream_ResetsThatStreamOnly(ushort operation)
    {
        await using var device = new DeviceFixture();
        using var machine = device.StartMachine();
        var (client, hostPort) = await device.ConnectAsync(machine, GuestPort, Cancellation);
        var (other, otherPort) = await device.ConnectAsync(machine, GuestPort, Cancellation);
        using (client)
        using (other)
        {
            machine.Send(FakeMachine.Packet((VsockOperation)operation, GuestPort, hostPort));
            Assert.AreEqual((VsockOperation.Reset, hostPort), (machine.Take() is var reset ? reset.Operation : default, reset.SourcePort));
            Assert.AreEqual(0, await HybridClient.ReceiveAsync(client, new byte[1], Cancellation));
            machine.Send(FakeMachine.Packet(VsockOperation.Data, GuestPort, otherPort, 2), "ok"u8);
            await HybridClient.ReceiveExactlyAsync(other, new byte[2], Cancellation);
        }
    }

    [TestMethod]
    [Timeout(30_000, CooperativeCancellation = true)]
    public async Task Packet_AcrossDescriptors_IsParsedAsBytes()
    {
        await using var device = new DeviceFixture();
        using var machine = device.StartMachine();
        var (client, hostPort) = await device.ConnectAsync(machine, GuestPort, Cancellation);
        using var _ = client;
        SendInPieces(machine, FakeMachine.Packet(VsockOperation.Data, GuestPort, hostPort, 6), "pieces"u8);
        var payload = new byte[6];
        await HybridClient.ReceiveExactlyAsync(client, payload, Cancellation);
        CollectionAssert.AreEqual("pieces"u8.ToArray(), payload);
    }

    [TestMethod]
    [Timeout(30_000, CooperativeCancellation = true)]
    [DataRow("loop")]
    [DataRow("outside")]
    [DataRow("index")]
    [DataRow("writable")]
    public async Task TransmitRing_Broken_StopsDeviceUntilReset(string attack)
    {
        await using var device = new DeviceFixture();
        using var machine = device.StartMachine();
        var (client, _) = await device.ConnectAsync(machine, GuestPort, Cancellation);
        using (client)
        {
            Attack(machine.Transmit, attack);
            machine.Kick(1);
            Assert.AreEqual(0, await HybridClient.ReceiveAsync(client, new byte[1], Cancellation), "The streams of a broken device end.");
        }

        Assert.AreNotEqual(PollEvents.None, FileDescriptors.Poll(machine.Error, PollEvents.Readable, TimeSpan.FromSeconds(10)));
        Assert.IsTrue(device.Logger.Lines.Any(line => line.StartsWith("Error: vsock device stopped", StringComparison.Ordinal)), device.Logger.ToString());

        // The VMM restarts the driver: everything works again.
        machine.FrontEnd.Send(Virtio.VhostUser.VhostUserRequest.ResetDevice, []);
        machine.ClearRings();
        machine.Start();
        var (again, _) = await device.ConnectAsync(machine, GuestPort, Cancellation);
        again.Dispose();
    }

    [TestMethod]
    [Timeout(30_000, CooperativeCancellation = true)]
    public async Task ReceiveRing_TooSmallBuffer_StopsDevice()
    {
        await using var device = new DeviceFixture();
        using var machine = device.StartMachine(receiveBuffers: 0);
        machine.Receive.Set(0, 0x10000, VsockHeader.Size, Virtio.Queues.DescriptorFlags.Write);
        machine.Receive.Offer(0);
        machine.Send(FakeMachine.Packet(VsockOperation.Data, 7, 8));
        Assert.AreNotEqual(PollEvents.None, FileDescriptors.Poll(machine.Error, PollEvents.Readable, TimeSpan.FromSeconds(10)));
    }

    [TestMethod]
    [Timeout(60_000, CooperativeCancellation = true)]
    public async Task Guest_WithoutReceiveBuffers_CannotMakeItGrow()
    {
        await using var device = new DeviceFixture(logLevel: Microsoft.Extensions.Logging.LogLevel.Information);
        using var machine = device.StartMachine(receiveBuffers: 0);
        for (var i = 0u; i < 3 * VsockLimits.MaxPendingResets; i++)
            machine.Send(FakeMachine.Packet(VsockOperation.Data, i, 8));
        SpinWait.SpinUntil(() => machine.Transmit.UsedIndex == 3 * VsockLimits.MaxPendingResets, TimeSpan.FromSeconds(10));
        for (ushort i = 0; i < FakeMachine.QueueSize; i++)
            machine.OfferReceive(i);
        machine.Kick(0);
        var resets = 0;
        while (machine.TryTake(out _, default, TimeSpan.FromMilliseconds(300)))
            resets++;
        Assert.AreEqual(VsockLimits.MaxPendingResets, resets);
    }

    [TestMethod]
    [Timeout(60_000, CooperativeCancellation = true)]
    public async Task Connections_BeyondTheLimit_AreRefused()
    {
        await using var device = new DeviceFixture(logLevel: Microsoft.Extensions.Logging.LogLevel.Information);
        using var machine = device.StartMachine();
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint($"{device.HybridPath}_1"));
        listener.Listen(4096);
        var accepted = 0;
        var refused = 0;
        for (var i = 0u; i < VsockLimits.MaxConnections + 20; i++)
        {
            machine.Send(FakeMachine.Packet(VsockOperation.Request, 10_000 + i, 1));
            var answer = machine.Take();
            accepted += answer.Operation == VsockOperation.Response ? 1 : 0;
            refused += answer.Operation == VsockOperation.Reset ? 1 : 0;
        }

        Assert.AreEqual((VsockLimits.MaxConnections, 20), (accepted, refused));
        using (var client = await HybridClient.OpenAsync(device.HybridPath, Cancellation))
            Assert.AreEqual(0, await HybridClient.ReceiveAsync(client, new byte[1], Cancellation));

        machine.Send(FakeMachine.Packet(VsockOperation.Reset, 10_000, 1));
        machine.Send(FakeMachine.Packet(VsockOperation.Request, 9_999, 1));
        Assert.AreEqual(VsockOperation.Response, machine.Take().Operation);
    }

    [TestMethod]
    [Timeout(60_000, CooperativeCancellation = true)]
    public async Task Connections_OnAndOff_DoNotFloodTheLog()
    {
        await using var device = new DeviceFixture();
        using var machine = device.StartMachine();
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint($"{device.HybridPath}_1"));
        listener.Listen(4096);
        for (var i = 0u; i < 100; i++)
        {
            machine.Send(FakeMachine.Packet(VsockOperation.Request, 10_000 + i, 1));
            Assert.AreEqual(VsockOperation.Response, machine.Take().Operation);
            machine.Send(FakeMachine.Packet(VsockOperation.Reset, 10_000 + i, 1));
        }

        Assert.IsLessThan(10, device.Logger.Lines.Count(line => line.Contains("vsock 1:", StringComparison.Ordinal)));
    }

    /// <summary>Random packets in random order: the device keeps answering.</summary>
    [TestMethod]
    [Timeout(120_000, CooperativeCancellation = true)]
    public async Task Packets_Random_DeviceKeepsWorking()
    {
        await using var device = new DeviceFixture(logLevel: Microsoft.Extensions.Logging.LogLevel.Information);
        using var machine = device.StartMachine();
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint($"{device.HybridPath}_2"));
        listener.Listen(4096);
        var port = Gen.Frequency((8, Gen.UInt[1, 3]), (1, Gen.UInt));
        var small = Gen.Frequency((4, Gen.UInt[0, 64]), (1, Gen.UInt));
        var packet = Gen.Select(
            port, port, Gen.UShort[0, 8], Gen.Frequency((9, Gen.Const((ushort)1)), (1, Gen.UShort)), small, Gen.Select(small, Gen.UInt, Gen.UInt[0, 3]),
            (source, destination, operation, type, length, rest) =>
                FakeMachine.Packet((VsockOperation)operation, source, destination, length, rest.Item3, rest.Item1, rest.Item2) with { Type = type });
        var payload = new byte[64];
        packet.Array[1, 40].Sample(
            packets =>
            {
                foreach (var one in packets)
                {
                    machine.Send(one, payload);
                    while (machine.TryTake(out _, default, TimeSpan.Zero))
                    {
                    }
                }
            },
            iter: 300, threads: 1);
        // Streams of the random guest are in the way of nothing.
        machine.Send(FakeMachine.Packet(VsockOperation.Data, 0xfeed, 0xbeef));
        while (machine.Take().DestinationPort != 0xfeed)
        {
        }

        Assert.IsFalse(device.Vsock.Completed.IsCompleted);
    }

    private static void Attack(DriverQueue ring, string attack)
    {
        switch (attack)
        {
            case "loop":
                ring.Set(9, 0x1000, 1, Virtio.Queues.DescriptorFlags.Next, 9);
                ring.Offer(9);
                break;
            case "outside":
                ring.Set(9, FakeMachine.HighStart - 8, 100);
                ring.Offer(9);
                break;
            case "writable":
                ring.Set(9, 0x1000, 100, Virtio.Queues.DescriptorFlags.Write);
                ring.Offer(9);
                break;
            default:
                ring.AvailableIndex += 1000;
                break;
        }
    }

    private static unsafe void SendInPieces(FakeMachine machine, VsockHeader header, ReadOnlySpan<byte> payload)
    {
        const ulong At = 0x180000;
        var bytes = new byte[VsockHeader.Size + payload.Length];
        header.Write(bytes);
        payload.CopyTo(bytes.AsSpan(VsockHeader.Size));
        int[] cuts = [0, 7, 40, 46, bytes.Length];
        for (var i = 0; i < bytes.Length; i++)
            machine.Transmit.At<byte>(At + (ulong)i) = bytes[i];
        for (var i = 0; i < cuts.Length - 1; i++)
        {
            var flags = i < cuts.Length - 2 ? Virtio.Queues.DescriptorFlags.Next : default;
            machine.Transmit.Set(20 + i, At + (ulong)cuts[i], (uint)(cuts[i + 1] - cuts[i]), flags, 21 + i);
        }

        machine.Transmit.Offer(20);
        machine.Kick(1);
    }
}
