using Kata.Virtio.Queues;

namespace Kata.Virtio.Tests.Fakes;

/// <summary>The driver's side of a split virtqueue, free to break every rule.</summary>
internal sealed unsafe class DriverQueue
{
    private readonly byte* _memory;
    private readonly ulong _guestBase;
    private ushort _seenUsed;

    /// <param name="memory">Where the guest-physical address <paramref name="guestBase"/> is mapped.</param>
    /// <param name="offset">Where the queue begins, from there; a page boundary.</param>
    public DriverQueue(byte* memory, ulong guestBase, ulong offset, ushort size, bool eventIndex = true, bool indirect = true)
    {
        _memory = memory;
        _guestBase = guestBase;
        Layout = new QueueLayout
        {
            Size = size,
            DescriptorTable = guestBase + offset,
            AvailableRing = guestBase + offset + ((ulong)size * 16),
            UsedRing = guestBase + offset + ((((ulong)size * 18) + 6 + 3) & ~3UL),
            EventIndex = eventIndex,
            Indirect = indirect,
        };
    }

    public QueueLayout Layout { get; }

    public ref ushort AvailableFlags => ref At<ushort>(Layout.AvailableRing);

    public ref ushort AvailableIndex => ref At<ushort>(Layout.AvailableRing + 2);

    public ref ushort UsedEvent => ref At<ushort>(Layout.AvailableRing + 4 + ((ulong)Layout.Size * 2));

    public ref ushort UsedFlags => ref At<ushort>(Layout.UsedRing);

    public ref ushort UsedIndex => ref At<ushort>(Layout.UsedRing + 2);

    public ref ushort AvailableEvent => ref At<ushort>(Layout.UsedRing + 4 + ((ulong)Layout.Size * 8));

    public ref T At<T>(ulong guestAddress)
        where T : unmanaged => ref *(T*)(_memory + (guestAddress - _guestBase));

    public ref Descriptor Descriptor(int index) => ref At<Descriptor>(Layout.DescriptorTable + ((ulong)index * 16));

    public void Set(int index, ulong address, uint length, DescriptorFlags flags = DescriptorFlags.None, int next = 0) =>
        Descriptor(index) = new Descriptor { Address = address, Length = length, Flags = flags, Next = (ushort)next };

    /// <summary>Zeroes the rings, as a driver does before it sets them up.</summary>
    public void Clear()
    {
        AvailableIndex = UsedIndex = AvailableEvent = UsedEvent = AvailableFlags = UsedFlags = 0;
        _seenUsed = 0;
    }

    /// <summary>Makes the chain that begins at <paramref name="head"/> available.</summary>
    public void Offer(ushort head)
    {
        var index = AvailableIndex;
        At<ushort>(Layout.AvailableRing + 4 + ((ulong)(index % Layout.Size) * 2)) = head;
        Volatile.Write(ref AvailableIndex, (ushort)(index + 1));
    }

    /// <summary>A chain came back that was not taken yet.</summary>
    public bool HasUsed => Volatile.Read(ref UsedIndex) != _seenUsed;

    /// <summary>Takes the next chain that came back.</summary>
    public bool TryTakeUsed(out uint head, out uint written)
    {
        (head, written) = (0, 0);
        if (!HasUsed)
            return false;
        var element = Layout.UsedRing + 4 + ((ulong)(_seenUsed++ % Layout.Size) * 8);
        (head, written) = (At<uint>(element), At<uint>(element + 4));
        return true;
    }
}
