using Kata.Linux;
using Kata.Virtio.Queues;
using Microsoft.Win32.SafeHandles;

namespace Kata.Virtio.Devices;

/// <summary>What a driver has said about one queue, and the queue itself while it runs.</summary>
internal sealed class QueueState(int index) : IDisposable
{
    /// <summary>The queue as its worker has it.</summary>
    public ServedQueue Served { get; } = new(index);

    /// <summary>The eventfd of the driver's notifications.</summary>
    public SafeFileHandle Kick { get; } = FileDescriptors.EventFd();

    /// <summary>Entries; 0 when the driver has not said, or asked for what cannot be.</summary>
    public ushort Size { get; set; }

    public ulong DescriptorTable { get; set; }

    public ulong AvailableRing { get; set; }

    public ulong UsedRing { get; set; }

    /// <summary>The driver has set the queue up.</summary>
    public bool IsReady { get; set; }

    /// <summary>The device has the queue.</summary>
    public bool IsStarted { get; set; }

    /// <summary>Where the queue lies, with what was negotiated for all queues.</summary>
    public QueueLayout Layout(ulong features) => new()
    {
        Size = Size,
        DescriptorTable = DescriptorTable,
        AvailableRing = AvailableRing,
        UsedRing = UsedRing,
        EventIndex = (features & VirtioFeatures.EventIndex) != 0,
        Indirect = (features & VirtioFeatures.IndirectDescriptors) != 0,
    };

    /// <summary>As if no driver had ever been there. The queue has stopped.</summary>
    public void Reset()
    {
        (Size, DescriptorTable, AvailableRing, UsedRing) = (0, 0, 0, 0);
        IsReady = false;
        Served.Position = 0;
    }

    public void Dispose() => Kick.Dispose();
}
