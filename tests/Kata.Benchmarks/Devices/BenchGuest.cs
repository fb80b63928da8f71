using Kata.Linux;
using Kata.Virtio.Devices;
using Kata.Virtio.Memory;
using Kata.Virtio.Tests.Fakes;
using Kata.Virtio.VhostUser.FrontEnd;
using Microsoft.Win32.SafeHandles;

namespace Kata.Benchmarks.Devices;

/// <summary>A guest without a machine: memory and drivers in this process, the device in another one, vhost-user between.</summary>
internal sealed unsafe class BenchGuest : IDisposable
{
    /// <summary>Where the queues end and requests may begin.</summary>
    public const ulong BuffersAt = 1 << 20;

    private const ulong MemoryBytes = 160 << 20;
    private const ulong QueueBytes = 0x10000;

    private readonly SafeFileHandle _file = FileDescriptors.Memory("guest", (long)MemoryBytes);
    private readonly GuestMemoryRegion _region;
    private readonly RequestQueue[] _queues;

    /// <param name="socketPath">Where the back end listens.</param>
    /// <param name="deviceFeatures">Bits of the device type to accept.</param>
    /// <param name="queueSizes">Entries of each queue.</param>
    public BenchGuest(string socketPath, ulong deviceFeatures, params ushort[] queueSizes)
    {
        _region = new GuestMemoryRegion(0, MemoryBytes, MemoryMapping.Shared(_file, 0, (nuint)MemoryBytes), 0, _file);
        FrontEnd = VhostUserFrontEnd.Connect(socketPath, TimeSpan.FromSeconds(10));
        var features = VirtioFeatures.Version1 | VirtioFeatures.EventIndex | VirtioFeatures.IndirectDescriptors | deviceFeatures;
        FrontEnd.SetFeatures(features & FrontEnd.Features);
        FrontEnd.SetMemory(new GuestMemory([_region]));
        _queues = [.. queueSizes.Select((size, i) => new RequestQueue(new DriverQueue(Host, 0, (ulong)i * QueueBytes, size)))];
    }

    public VhostUserFrontEnd FrontEnd { get; }

    public IReadOnlyList<RequestQueue> Queues => _queues;

    public byte* Host => (byte*)_region.HostAddress;

    /// <summary>Hands the queues over.</summary>
    public void Start()
    {
        for (var i = 0; i < _queues.Length; i++)
        {
            if (!FrontEnd.TryStartRing(i, _queues[i].Ring.Layout, 0, _queues[i].Kick, _queues[i].CallEvent))
                throw new InvalidOperationException("The ring's layout is bad.");
        }
    }

    public Span<byte> Span(ulong address, int length) => new(Host + address, length);

    public void Dispose()
    {
        FrontEnd.Dispose();
        foreach (var queue in _queues)
            queue.Dispose();
        _region.Dispose();
        _file.Dispose();
    }
}
