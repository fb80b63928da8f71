using System.Net.Sockets;
using Kata.Virtio.Tests.Support;
using Kata.Virtio.Vsock;
using Microsoft.Extensions.Logging;

namespace Kata.Virtio.Tests.Fakes;

/// <summary>A device with a machine attached.</summary>
internal sealed class DeviceFixture : IAsyncDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public DeviceFixture(TimeSpan? readyTimeout = null, LogLevel logLevel = LogLevel.Debug)
    {
        Logger = new RecordingLogger(logLevel);
        Vsock = VhostUserVsock.Start(new VhostUserVsockOptions
        {
            VhostUserSocketPath = VhostUserPath,
            HybridSocketPath = HybridPath,
            GuestCid = (uint)FakeMachine.GuestCid,
            GuestReadyTimeout = readyTimeout ?? TimeSpan.FromSeconds(30),
            Logger = Logger,
        });
    }

    public RecordingLogger Logger { get; }

    public VhostUserVsock Vsock { get; }

    public string VhostUserPath => _directory.File("vu");

    public string HybridPath => _directory.File("vs");

    public FakeMachine StartMachine(bool eventIndex = true, int receiveBuffers = FakeMachine.QueueSize)
    {
        var machine = new FakeMachine(VhostUserPath, eventIndex);
        machine.Start(receiveBuffers);
        return machine;
    }

    /// <summary>A stream from a host client to a guest port, accepted by the guest.</summary>
    public async Task<(Socket Client, uint HostPort)> ConnectAsync(
        FakeMachine machine, uint guestPort, CancellationToken cancellationToken, uint credit = 1 << 20)
    {
        var connecting = HybridClient.ConnectAsync(HybridPath, guestPort, cancellationToken);
        var request = machine.Take();
        Assert.AreEqual((VsockOperation.Request, guestPort), (request.Operation, request.DestinationPort));
        machine.Send(FakeMachine.Packet(VsockOperation.Response, guestPort, request.SourcePort, credit: credit));
        return (await connecting, request.SourcePort);
    }

    public async ValueTask DisposeAsync()
    {
        await Vsock.DisposeAsync();
        await Vsock.Completed;
        Assert.IsFalse(File.Exists(VhostUserPath) || File.Exists(HybridPath), "The device left a socket behind.");
        _directory.Dispose();
    }
}
