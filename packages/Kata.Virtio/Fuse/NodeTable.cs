using Kata.Linux;
using Microsoft.Win32.SafeHandles;

namespace Kata.Virtio.Fuse;

/// <summary>
/// The files that the guest knows, each held by a descriptor without access (O_PATH). An id is a slot and its generation, so that one that
/// was forgotten never names another file. The root has the id 1 and stays.
/// </summary>
internal sealed class NodeTable : IDisposable
{
    public const ulong RootId = 1;

    private const uint RootSlot = 1;

    private readonly Dictionary<NodeKey, uint> _slots = [];
    private Node[] _nodes = new Node[64];
    private uint _nextUnused = RootSlot + 1;
    private uint _firstFree;

    public NodeTable(SafeFileHandle root, in StatxRecord status)
    {
        _nodes[RootSlot] = new Node { File = root, Key = NodeKey.Of(status), Kind = status.Kind };
        _slots.Add(_nodes[RootSlot].Key, RootSlot);
    }

    /// <summary>Nodes besides the root.</summary>
    public int Count => _slots.Count - 1;

    /// <summary>The file of a node; null when the guest does not know it.</summary>
    public SafeFileHandle? Find(ulong id) => TryGetSlot(id, out var slot) ? _nodes[slot].File : null;

    /// <summary>The file of a node and its type.</summary>
    public SafeFileHandle? Find(ulong id, out FileKind kind)
    {
        var known = TryGetSlot(id, out var slot);
        kind = known ? _nodes[slot].Kind : default;
        return known ? _nodes[slot].File : null;
    }

    /// <summary>What tells the node's file apart.</summary>
    public NodeKey KeyOf(ulong id) => TryGetSlot(id, out var slot) ? _nodes[slot].Key : default;

    /// <summary>True when the file is as it was when the client opened it last. Remembers how it is now.</summary>
    public bool IsUnchanged(ulong id, in FileStamp stamp)
    {
        if (!TryGetSlot(id, out var slot))
            return false;
        ref var node = ref _nodes[slot];
        var isUnchanged = node.Opened == stamp && stamp != default;
        node.Opened = stamp;
        return isUnchanged;
    }

    /// <summary>Counts a lookup of a file that the guest knows, and returns its id; 0 when it does not.</summary>
    public ulong AddLookup(in NodeKey key)
    {
        if (!_slots.TryGetValue(key, out var slot))
            return 0;
        ref var node = ref _nodes[slot];
        node.Lookups++;
        return Id(slot, node.Generation);
    }

    /// <summary>Adds a file with its first lookup. Takes the descriptor over.</summary>
    public ulong Add(in NodeKey key, FileKind kind, SafeFileHandle file)
    {
        var slot = _firstFree;
        if (slot != 0)
        {
            _firstFree = _nodes[slot].NextFree;
        }
        else
        {
            slot = _nextUnused++;
            if (slot == _nodes.Length)
                Array.Resize(ref _nodes, _nodes.Length * 2);
        }

        _slots.Add(key, slot);
        ref var node = ref _nodes[slot];
        node.File = file;
        node.Key = key;
        node.Kind = kind;
        node.Lookups = 1;
        node.Opened = default;
        return Id(slot, node.Generation);
    }

    /// <summary>The guest gives lookups back; the file goes with the last.</summary>
    public void Forget(ulong id, ulong lookups)
    {
        if (!TryGetSlot(id, out var slot) || slot == RootSlot)
            return;
        ref var node = ref _nodes[slot];
        if (lookups < node.Lookups)
            node.Lookups -= lookups;
        else
            Remove(slot);
    }

    /// <summary>Forgets all but the root.</summary>
    public void Clear()
    {
        for (var slot = RootSlot + 1; slot < _nextUnused; slot++)
        {
            if (_nodes[slot].File is not null)
                Remove(slot);
        }
    }

    public void Dispose()
    {
        Clear();
        _nodes[RootSlot].File?.Dispose();
    }

    private static ulong Id(uint slot, uint generation) => ((ulong)generation << 32) | slot;

    private bool TryGetSlot(ulong id, out uint slot)
    {
        slot = (uint)id;
        return slot < _nextUnused && slot != 0 && _nodes[slot].Generation == id >> 32 && _nodes[slot].File is not null;
    }

    private void Remove(uint slot)
    {
        ref var node = ref _nodes[slot];
        node.File!.Dispose();
        node.File = null;
        node.Generation++;
        node.NextFree = _firstFree;
        _firstFree = slot;
        _slots.Remove(node.Key);
    }

    private struct Node
    {
        public SafeFileHandle? File;
        public NodeKey Key;
        public FileKind Kind;
        public ulong Lookups;
        public FileStamp Opened;
        public uint Generation;
        public uint NextFree;
    }
}
