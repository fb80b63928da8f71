using Kata.Virtio.Tests.Fakes;
using Kata.Virtio.Tests.Support;
using Kata.Virtio.Vsock;

namespace Kata.Virtio.Tests.Vsock;

[TestClass]
public sealed class VsockCreditTests
{
    private const uint GuestPort = 1024;

    public TestContext TestContext { get; set; } = null!;

    private CancellationToken Cancellation => TestContext.CancellationToken;

    [TestMethod]
    [Timeout(30_000, CooperativeCancellation = true)]
    public async Task Host_BeyondGuestCredit_WaitsAndAsks()
    {
        await using var device = new DeviceFixture();
        using var machine = device.StartMachine();
        var (client, hostPort) = await device.ConnectAsync(machine, GuestPort, Cancellation, credit: 6000);
        using var _ = client;
        await HybridClient.SendAllAsync(client, new byte[10_000], Cancellation);
        var received = 0u;
        VsockHeader packet;
        while ((packet = machine.Take()).Operation == VsockOperation.Data)
            received += packet.Length;
        Assert.AreEqual((6000u, VsockOperation.CreditRequest), (received, packet.Operation));
        machine.Send(FakeMachine.Packet(VsockOperation.CreditUpdate, GuestPort, hostPort, credit: 6000, forwarded: 1));
        Assert.AreEqual((VsockOperation.Data, 1u), (machine.Take() is var one ? one.Operation : default, one.Length));
        Assert.AreEqual(VsockOperation.CreditRequest, machine.Take().Operation);
        machine.Send(FakeMachine.Packet(VsockOperation.CreditUpdate, GuestPort, hostPort, credit: 6000, forwarded: 6001));
        received = 0;
        while (received < 3999)
            received += machine.Take().Length;
        Assert.AreEqual(3999u, received);
    }

    [TestMethod]
    [Timeout(30_000, CooperativeCancellation = true)]
    public async Task Guest_AsksForCredit_IsTold()
    {
        await using var device = new DeviceFixture();
        using var machine = device.StartMachine();
        var (client, hostPort) = await device.ConnectAsync(machine, GuestPort, Cancellation);
        using var _ = client;
        machine.Send(FakeMachine.Packet(VsockOperation.Data, GuestPort, hostPort, 5), "12345"u8);
        machine.Send(FakeMachine.Packet(VsockOperation.CreditRequest, GuestPort, hostPort));
        var update = machine.Take();
        Assert.AreEqual((VsockOperation.CreditUpdate, 5u), (update.Operation, update.Forwarded));
    }

    [TestMethod]
    [Timeout(30_000, CooperativeCancellation = true)]
    public async Task Guest_UsesHalfOfTheBuffer_IsToldWithoutAsking()
    {
        await using var device = new DeviceFixture();
        using var machine = device.StartMachine();
        var (client, hostPort) = await device.ConnectAsync(machine, GuestPort, Cancellation);
        using var _ = client;
        var chunk = new byte[8192];
        for (var sent = 0; sent < VsockLimits.BufferBytes / 2; sent += chunk.Length)
        {
            machine.Send(FakeMachine.Packet(VsockOperation.Data, GuestPort, hostPort, (uint)chunk.Length), chunk);
            await HybridClient.ReceiveExactlyAsync(client, chunk, Cancellation);
        }

        var update = machine.Take();
        Assert.AreEqual((VsockOperation.CreditUpdate, (uint)VsockLimits.BufferBytes / 2), (update.Operation, update.Forwarded));
    }

    [TestMethod]
    [Timeout(30_000, CooperativeCancellation = true)]
    public async Task Guest_BeyondItsCredit_IsResetAndNothingElse()
    {
        await using var device = new DeviceFixture();
        using var machine = device.StartMachine();
        var (client, hostPort) = await device.ConnectAsync(machine, GuestPort, Cancellation);
        var (other, otherPort) = await device.ConnectAsync(machine, GuestPort, Cancellation);
        using (client)
        using (other)
        {
            FillHost(machine, GuestPort, hostPort);
            machine.Send(FakeMachine.Packet(VsockOperation.Data, GuestPort, hostPort, 1), "x"u8);
            VsockHeader packet;
            do
                packet = machine.Take();
            while (packet.Operation == VsockOperation.CreditUpdate);
            Assert.AreEqual((VsockOperation.Reset, hostPort), (packet.Operation, packet.SourcePort));
            machine.Send(FakeMachine.Packet(VsockOperation.Data, GuestPort, otherPort, 2), "ok"u8);
            await HybridClient.ReceiveExactlyAsync(other, new byte[2], Cancellation);
        }
    }

    [TestMethod]
    [Timeout(60_000, CooperativeCancellation = true)]
    public async Task Guest_SlowHostReader_GetsEverythingInOrder()
    {
        await using var device = new DeviceFixture();
        using var machine = device.StartMachine();
        var (client, hostPort) = await device.ConnectAsync(machine, GuestPort, Cancellation);
        using var _ = client;
        const int Total = 4 << 20;
        var reading = Task.Run(async () =>
        {
            var received = new byte[Total];
            for (var at = 0; at < Total; at += 4096)
                await HybridClient.ReceiveExactlyAsync(client, received.AsMemory(at, 4096), Cancellation);
            return received;
        });
        var data = new byte[Total];
        new Random(1).NextBytes(data);
        uint sent = 0, forwarded = 0;
        while (sent < Total)
        {
            var part = Math.Min(Math.Min(8192, Total - sent), (uint)VsockLimits.BufferBytes - (sent - forwarded));
            if (part == 0)
            {
                forwarded = machine.Take().Forwarded;
                continue;
            }

            machine.Send(FakeMachine.Packet(VsockOperation.Data, GuestPort, hostPort, part), data.AsSpan((int)sent, (int)part));
            sent += part;
        }

        CollectionAssert.AreEqual(data, await reading);
    }

    /// <summary>
    /// Sends until the device has taken all that the credit allows, the host socket not being read. Returns the bytes sent.
    /// </summary>
    internal static long FillHost(FakeMachine machine, uint guestPort, uint hostPort)
    {
        var chunk = new byte[8192];
        uint sent = 0, forwarded = 0;
        while (true)
        {
            for (uint room; (room = VsockLimits.BufferBytes - (sent - forwarded)) > 0; sent += Math.Min(room, 8192))
            {
                var part = chunk.AsSpan(0, (int)Math.Min(room, 8192));
                machine.Send(FakeMachine.Packet(VsockOperation.Data, guestPort, hostPort, (uint)part.Length), part);
            }

            // The answer to the last request, which is told apart from unasked updates by coming last.
            machine.Send(FakeMachine.Packet(VsockOperation.CreditRequest, guestPort, hostPort));
            var told = machine.Take().Forwarded;
            while (machine.TryTake(out var packet, default, TimeSpan.FromMilliseconds(50)))
                told = packet.Forwarded;
            if (told == forwarded)
                return sent;
            forwarded = told;
        }
    }
}
