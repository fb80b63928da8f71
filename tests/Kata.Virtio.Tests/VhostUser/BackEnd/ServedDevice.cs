using Kata.Virtio.Tests.Fakes;
using Kata.Virtio.Tests.Support;
using Kata.Virtio.VhostUser;
using Kata.Virtio.VhostUser.FrontEnd;

namespace Kata.Virtio.Tests.VhostUser.BackEnd;

/// <summary>A device behind our back end, driven by our front end, within one process. Owns the device.</summary>
internal sealed class ServedDevice : IAsyncDisposable
{
    private readonly TemporaryDirectory _directory = new();
    private readonly VirtioDevice _device;
    private readonly List<QueueDriver> _queues = [];

    public ServedDevice(VirtioDevice device, params int[] queues)
    {
        _device = device;
        BackEnd = VhostUserBackEnd.Start(device, SocketPath, Logger);
        FrontEnd = VhostUserFrontEnd.Connect(SocketPath, TimeSpan.FromSeconds(20));
        FrontEnd.SetFeatures(FrontEnd.Features & ~VhostUserProtocol.ProtocolFeaturesBit);
        FrontEnd.SetMemory(Machine.Memory);
        foreach (var index in queues)
        {
            _queues.Add(Machine.Queue(index));
            Start(index, _queues[^1]);
        }
    }

    public RecordingLogger Logger { get; } = new();

    public VhostUserBackEnd BackEnd { get; }

    public SharedMachine Machine { get; } = new();

    public VhostUserFrontEnd FrontEnd { get; }

    public string SocketPath => _directory.File("vu");

    /// <summary>The queues that were started, in that order.</summary>
    public IReadOnlyList<QueueDriver> Queues => _queues;

    public void Start(int index, QueueDriver queue, ushort position = 0) =>
        Assert.IsTrue(FrontEnd.TryStartRing(index, queue.Ring.Layout, position, queue.Kick, queue.CallEvent));

    public async ValueTask DisposeAsync()
    {
        FrontEnd.Dispose();
        await BackEnd.DisposeAsync();
        await _device.DisposeAsync();
        Assert.IsTrue(BackEnd.Completed.IsCompletedSuccessfully);
        Assert.IsFalse(File.Exists(SocketPath), "The back end left its socket behind.");
        _queues.ForEach(queue => queue.Dispose());
        Machine.Dispose();
        _directory.Dispose();
    }
}
