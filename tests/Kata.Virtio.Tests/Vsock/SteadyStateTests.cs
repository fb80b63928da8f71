using Kata.Virtio.Tests.Fakes;
using Kata.Virtio.Tests.Support;
using Kata.Virtio.Vsock;
using Microsoft.Extensions.Logging.Abstractions;

namespace Kata.Virtio.Tests.Vsock;

[TestClass]
public sealed class SteadyStateTests
{
    private const uint GuestPort = 1024;

    public TestContext TestContext { get; set; } = null!;

    private CancellationToken Cancellation => TestContext.CancellationToken;

    /// <summary>Data, credit, buffering of a slow reader: nothing on the device's thread allocates managed memory per packet.</summary>
    [TestMethod]
    [Timeout(60_000, CooperativeCancellation = true)]
    public async Task Packets_InSteadyState_AllocateNothing()
    {
        using var directory = new TemporaryDirectory();
        await using var device = VirtioVsock.Create(
            new VirtioVsockOptions { HybridSocketPath = directory.File("vs"), GuestCid = (uint)FakeMachine.GuestCid });
        await using var backEnd = VhostUserBackEnd.Start(device, directory.File("vu"), NullLogger.Instance);
        using var machine = new FakeMachine(directory.File("vu"));
        machine.Start();
        var connecting = HybridClient.ConnectAsync(directory.File("vs"), GuestPort, Cancellation);
        var hostPort = machine.Take().SourcePort;
        machine.Send(FakeMachine.Packet(VsockOperation.Response, GuestPort, hostPort));
        using var client = await connecting;
        var buffer = new byte[8192];
        uint received = 0, sent = 0;
        Exchange(1000);
        Assert.AreEqual(0L, device.Threads[0].Loop.AllocatedDuring(() => Exchange(2000)));

        void Exchange(int rounds)
        {
            for (var i = 0; i < rounds; i++)
            {
                client.Send(buffer.AsSpan(0, 3000));
                for (var expected = received + 3000; received < expected;)
                    received += machine.Take() is { Operation: VsockOperation.Data } packet ? packet.Length : 0;
                machine.Send(FakeMachine.Packet(VsockOperation.Data, GuestPort, hostPort, 8192, forwarded: received), buffer);
                sent += 8192;
                // Every sixteenth round the reader is late by 128 KiB.
                if (i % 16 == 15)
                {
                    for (; sent > 0; sent -= (uint)client.Receive(buffer.AsSpan(0, (int)Math.Min(sent, 8192))))
                    {
                    }
                }
            }
        }
    }
}
