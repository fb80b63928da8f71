using CsCheck;
using Kata.Linux;
using Kata.Virtio.Devices;
using Kata.Virtio.Tests.Fakes;
using Kata.Virtio.Tests.Support;
using Kata.Virtio.VhostUser;
using Kata.Virtio.Vsock;

namespace Kata.Virtio.Tests.VhostUser;

[TestClass]
public sealed class VhostUserProtocolTests
{
    public TestContext TestContext { get; set; } = null!;

    private CancellationToken Cancellation => TestContext.CancellationToken;

    [TestMethod]
    public async Task Handshake_Features_AreOffered()
    {
        await using var device = new DeviceFixture();
        using var frontEnd = new FakeFrontEnd(device.VhostUserPath);
        var features = frontEnd.Get(VhostUserRequest.GetFeatures);
        const ulong Expected = VirtioFeatures.Version1 | VirtioFeatures.EventIndex | VirtioFeatures.IndirectDescriptors | VhostUserProtocol.ProtocolFeaturesBit | 1;
        Assert.AreEqual(Expected, features);
        Assert.AreEqual(VhostUserProtocol.Offered, frontEnd.Get(VhostUserRequest.GetProtocolFeatures));
        Assert.AreEqual(3UL, frontEnd.Get(VhostUserRequest.GetQueueNum));
        Assert.AreEqual((ulong)VhostUserProtocol.MaxRegions, frontEnd.Get(VhostUserRequest.GetMaxMemorySlots));
    }

    [TestMethod]
    public void Message_OnTheWire_IsAsSpecified() => CollectionAssert.AreEqual(
        new byte[] { 11, 0, 0, 0, 1, 0, 0, 0, 8, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0 },
        FakeFrontEnd.Message(VhostUserRequest.GetVringBase, FakeFrontEnd.State(1, 2)));

    [TestMethod]
    [DataRow(0u, 8u, 3UL)]
    [DataRow(0u, 4u, 3UL)]
    [DataRow(4u, 8u, 0UL)]
    [DataRow(8u, 8u, 0UL)]
    [DataRow(uint.MaxValue, 8u, 0UL)]
    public async Task GetConfig_AnyPart_HoldsTheCid(uint offset, uint size, ulong expected)
    {
        await using var device = new DeviceFixture();
        using var frontEnd = new FakeFrontEnd(device.VhostUserPath);
        var request = new byte[VhostUserProtocol.ConfigHeaderSize + size];
        BitConverter.TryWriteBytes(request, offset);
        BitConverter.TryWriteBytes(request.AsSpan(4), size);
        frontEnd.Send(VhostUserRequest.GetConfig, request);
        var reply = frontEnd.Receive(VhostUserRequest.GetConfig);
        Assert.HasCount(request.Length, reply);
        Array.Resize(ref reply, reply.Length + 8);
        Assert.AreEqual(expected, BitConverter.ToUInt64(reply, VhostUserProtocol.ConfigHeaderSize));
    }

    [TestMethod]
    [DataRow(new byte[] { 1, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0 }, DisplayName = "version 2")]
    [DataRow(new byte[] { 1, 0, 0, 0, 1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff }, DisplayName = "4 GiB payload")]
    [DataRow(new byte[] { 1, 0, 0, 0, 1, 0, 0, 0, 13, 1, 0, 0 }, DisplayName = "payload above the limit")]
    [DataRow(new byte[] { 99, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0 }, DisplayName = "unknown request")]
    [DataRow(new byte[] { 2, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0 }, DisplayName = "SET_FEATURES without payload")]
    [DataRow(new byte[] { 2, 0, 0, 0, 1, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x80 }, DisplayName = "features not offered")]
    [DataRow(new byte[] { 16, 0, 0, 0, 1, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x80 }, DisplayName = "protocol features not offered")]
    [DataRow(new byte[] { 8, 0, 0, 0, 1, 0, 0, 0, 8, 0, 0, 0, 3, 0, 0, 0, 8, 0, 0, 0 }, DisplayName = "ring 3")]
    [DataRow(new byte[] { 8, 0, 0, 0, 1, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0 }, DisplayName = "ring of 7 entries")]
    [DataRow(new byte[] { 8, 0, 0, 0, 1, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0 }, DisplayName = "ring of 65536 entries")]
    [DataRow(new byte[] { 12, 0, 0, 0, 1, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }, DisplayName = "kick without descriptor")]
    [DataRow(new byte[] { 12, 0, 0, 0, 1, 0, 0, 0, 8, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0 }, DisplayName = "polled ring")]
    [DataRow(new byte[] { 24, 0, 0, 0, 1, 0, 0, 0, 12, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0 }, DisplayName = "GET_CONFIG without room")]
    [DataRow(new byte[] { 5, 0, 0, 0, 1, 0, 0, 0, 8, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0 }, DisplayName = "memory table without descriptors")]
    public async Task BadMessage_ClosesThatConnectionOnly(byte[] message)
    {
        await using var device = new DeviceFixture();
        using (var frontEnd = new FakeFrontEnd(device.VhostUserPath))
        {
            frontEnd.SendRaw(message);
            frontEnd.ExpectClosed();
        }

        Assert.IsTrue(device.Logger.Lines.Any(line => line.StartsWith("Warning: vhost-user connection closed: ", StringComparison.Ordinal)), device.Logger.ToString());
        using var next = device.StartMachine();
    }

    [TestMethod]
    public async Task UnknownRequest_WithReplyAck_IsRefusedAndTheConnectionStays()
    {
        await using var device = new DeviceFixture();
        using var frontEnd = new FakeFrontEnd(device.VhostUserPath);
        frontEnd.Send(VhostUserRequest.SetProtocolFeatures, VhostUserProtocol.ReplyAck);
        Assert.AreEqual(1UL, frontEnd.Call((VhostUserRequest)77, []));
        Assert.AreEqual(0UL, frontEnd.Call(VhostUserRequest.SetOwner, []));
    }

    [TestMethod]
    [DataRow(0UL, 0UL, 0UL, DisplayName = "empty")]
    [DataRow(0UL, 0x10001000UL, 0UL, DisplayName = "beyond the file")]
    [DataRow(0UL, 0x1000UL, 0xffff_ffff_ffff_f000UL, DisplayName = "file offset wraps around")]
    [DataRow(0xffff_ffff_ffff_f000UL, 0x2000UL, 0UL, DisplayName = "guest address wraps around")]
    [DataRow(0UL, 0xffff_ffff_ffff_ffffUL, 0UL, DisplayName = "whole address space")]
    public async Task MemoryTable_BadRegion_ClosesConnection(ulong guest, ulong size, ulong offset)
    {
        await using var device = new DeviceFixture();
        using var frontEnd = new FakeFrontEnd(device.VhostUserPath);
        using var memory = FileDescriptors.Memory("guest", 0x10000000);
        frontEnd.Send(VhostUserRequest.SetMemoryTable, FakeFrontEnd.UInt64(1, guest, size, 0x1000, offset), memory);
        frontEnd.ExpectClosed();
    }

    [TestMethod]
    public async Task MemoryTable_NotAFile_ClosesConnection()
    {
        await using var device = new DeviceFixture();
        using var frontEnd = new FakeFrontEnd(device.VhostUserPath);
        using var notMemory = FileDescriptors.EventFd();
        frontEnd.Send(VhostUserRequest.SetMemoryTable, FakeFrontEnd.UInt64(1, 0, 0x1000, 0, 0), notMemory);
        frontEnd.ExpectClosed();
    }

    [TestMethod]
    public async Task MemoryTable_OverlappingRegions_ClosesConnection()
    {
        await using var device = new DeviceFixture();
        using var frontEnd = new FakeFrontEnd(device.VhostUserPath);
        using var memory = FileDescriptors.Memory("guest", 0x10000);
        frontEnd.Send(
            VhostUserRequest.SetMemoryTable,
            FakeFrontEnd.UInt64([2, .. FakeMachine.Region(0, 0x2000, 0, 0), .. FakeMachine.Region(0x1000, 0x1000, 0x10000, 0)]),
            memory, memory);
        frontEnd.ExpectClosed();
    }

    [TestMethod]
    public async Task Descriptors_MoreThanAllowed_ClosesConnection()
    {
        await using var device = new DeviceFixture();
        using var frontEnd = new FakeFrontEnd(device.VhostUserPath);
        using var memory = FileDescriptors.Memory("guest", 0x1000);
        frontEnd.SendRaw(
            FakeFrontEnd.Message(VhostUserRequest.SetMemoryTable, FakeFrontEnd.UInt64(1, 0, 0x1000, 0, 0)), [.. Enumerable.Repeat(memory, 9)]);
        frontEnd.ExpectClosed();
    }

    [TestMethod]
    [Timeout(30_000, CooperativeCancellation = true)]
    public async Task MemoryRegions_AddedAndRemovedWhileRunning_RingsGoOn()
    {
        await using var device = new DeviceFixture();
        using var machine = device.StartMachine();
        using var dimm = FileDescriptors.Memory("dimm", 0x100000);
        byte[] region = FakeFrontEnd.UInt64([0, .. FakeMachine.Region(0x2_0000_0000, 0x100000, 0x6000_0000_0000, 0)]);
        Assert.AreEqual(0UL, machine.FrontEnd.Call(VhostUserRequest.AddMemoryRegion, region, dimm));
        machine.Send(FakeMachine.Packet(VsockOperation.Data, 1, 2));
        Assert.AreEqual(VsockOperation.Reset, machine.Take().Operation);
        Assert.AreEqual(0UL, machine.FrontEnd.Call(VhostUserRequest.RemoveMemoryRegion, region));
        machine.ShareMemory();
        machine.Send(FakeMachine.Packet(VsockOperation.Data, 3, 4));
        Assert.AreEqual(4u, machine.Take().SourcePort);
        machine.FrontEnd.Send(VhostUserRequest.RemoveMemoryRegion, region);
        machine.FrontEnd.ExpectClosed();
    }

    [TestMethod]
    [Timeout(30_000, CooperativeCancellation = true)]
    public async Task Memory_TakenFromRunningRing_ClosesConnection()
    {
        await using var device = new DeviceFixture();
        using var machine = device.StartMachine();
        machine.FrontEnd.Send(VhostUserRequest.SetMemoryTable, FakeFrontEnd.UInt64(0));
        machine.FrontEnd.ExpectClosed();
        using var next = device.StartMachine();
    }

    [TestMethod]
    [Timeout(30_000, CooperativeCancellation = true)]
    public async Task Machine_PausedAndResumed_KeepsItsStreams()
    {
        await using var device = new DeviceFixture();
        using var machine = device.StartMachine();
        var (client, hostPort) = await device.ConnectAsync(machine, 1024, Cancellation);
        using var _ = client;
        var receivePosition = machine.StopRing(0);
        var transmitPosition = machine.StopRing(1);
        await HybridClient.SendAllAsync(client, "while paused"u8.ToArray(), Cancellation);
        machine.StartRing(0, machine.Receive, receivePosition);
        machine.StartRing(1, machine.Transmit, transmitPosition);
        var payload = new byte[12];
        Assert.AreEqual(12u, machine.Take(payload).Length);
        machine.Send(FakeMachine.Packet(VsockOperation.Data, 1024, hostPort, 2), "ok"u8);
        await HybridClient.ReceiveExactlyAsync(client, payload.AsMemory(0, 2), Cancellation);
    }

    [TestMethod]
    [Timeout(30_000, CooperativeCancellation = true)]
    public async Task Machine_Rebooted_LosesItsStreams()
    {
        await using var device = new DeviceFixture();
        using var machine = device.StartMachine();
        var (client, _) = await device.ConnectAsync(machine, 1024, Cancellation);
        using (client)
        {
            machine.StopRing(0);
            machine.StopRing(1);
            machine.ClearRings();
            machine.Start();
            Assert.AreEqual(0, await HybridClient.ReceiveAsync(client, new byte[1], Cancellation));
        }

        var (again, _) = await device.ConnectAsync(machine, 1024, Cancellation);
        again.Dispose();
    }

    [TestMethod]
    [Timeout(30_000, CooperativeCancellation = true)]
    public async Task FrontEnd_Gone_EndsStreamsAndHeldClientsAndTakesTheNext()
    {
        await using var device = new DeviceFixture();
        var machine = device.StartMachine();
        var (client, _) = await device.ConnectAsync(machine, 1024, Cancellation);
        machine.StopRing(0);
        var held = HybridClient.TryConnectAsync(device.HybridPath, 1024, Cancellation);
        SpinWait.SpinUntil(() => device.Logger.Lines.Any(line => line.Contains("waits for the guest's driver", StringComparison.Ordinal)), TimeSpan.FromSeconds(10));
        machine.Dispose();
        Assert.AreEqual(0, await HybridClient.ReceiveAsync(client, new byte[1], Cancellation));
        Assert.IsNull(await held);
        client.Dispose();
        using var next = device.StartMachine();
        var (again, _) = await device.ConnectAsync(next, 1024, Cancellation);
        again.Dispose();
    }

    /// <summary>Random requests with random payloads and descriptors: the connection may end, the device does not.</summary>
    [TestMethod]
    [Timeout(120_000, CooperativeCancellation = true)]
    public async Task Messages_Random_NeverEndTheDevice()
    {
        await using var device = new DeviceFixture(logLevel: Microsoft.Extensions.Logging.LogLevel.Error);
        using var memory = FileDescriptors.Memory("guest", 0x10000);
        var number = Gen.Frequency((6, Gen.UInt[0, 4]), (2, Gen.UInt[0, 0x200]), (1, Gen.UInt)).Select(value => (ulong)value);
        var message = Gen.Select(
            Gen.UInt[1, 42], Gen.OneOf(number, Gen.Select(number, number, (low, high) => low | (high << 32))).Array[0, 6], Gen.Int[0, 2], Gen.Bool,
            (request, payload, descriptors, needReply) => (request, payload, descriptors, needReply));
        message.Array[1, 12].Sample(
            messages =>
            {
                using var frontEnd = new FakeFrontEnd(device.VhostUserPath);
                try
                {
                    foreach (var (request, payload, descriptors, needReply) in messages)
                    {
                        var bytes = FakeFrontEnd.Message((VhostUserRequest)request, FakeFrontEnd.UInt64(payload), needReply ? 9u : 1u);
                        frontEnd.SendRaw(bytes, [.. Enumerable.Repeat(memory, descriptors)]);
                    }
                }
                catch (LinuxException)
                {
                    // Closed by the device.
                }
            },
            iter: 2_000, threads: 1);
        Assert.IsFalse(device.Vsock.Completed.IsCompleted, device.Vsock.Completed.Exception?.ToString());
        using var machine = device.StartMachine();
        machine.Send(FakeMachine.Packet(VsockOperation.Data, 1, 2));
        Assert.AreEqual(VsockOperation.Reset, machine.Take().Operation);
    }
}
