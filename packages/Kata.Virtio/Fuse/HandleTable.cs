using System.Runtime.CompilerServices;
using Microsoft.Win32.SafeHandles;

namespace Kata.Virtio.Fuse;

/// <summary>What the guest has open, by handles that are never those of an earlier file.</summary>
internal sealed class HandleTable : IDisposable
{
    private OpenFile[] _files = new OpenFile[32];
    private uint _nextUnused = 1;
    private uint _firstFree;

    public int Count { get; private set; }

    /// <summary>Adds a file, whose descriptor is taken over, and returns its handle.</summary>
    public ulong Add(SafeFileHandle file, bool isDirectory)
    {
        var slot = _firstFree;
        if (slot != 0)
        {
            _firstFree = _files[slot].NextFree;
        }
        else
        {
            slot = _nextUnused++;
            if (slot == _files.Length)
                Array.Resize(ref _files, _files.Length * 2);
        }

        ref var entry = ref _files[slot];
        entry.File = file;
        entry.IsDirectory = isDirectory;
        entry.Position = 0;
        Count++;
        return ((ulong)entry.Generation << 32) | slot;
    }

    /// <summary>The open file; a null reference when the guest has no such handle of that type.</summary>
    public ref OpenFile Find(ulong handle, bool isDirectory)
    {
        var slot = (uint)handle;
        if (slot >= _nextUnused || slot == 0 || _files[slot].Generation != handle >> 32)
            return ref Unsafe.NullRef<OpenFile>();
        ref var entry = ref _files[slot];
        return ref entry.File is not null && entry.IsDirectory == isDirectory ? ref entry : ref Unsafe.NullRef<OpenFile>();
    }

    /// <summary>The file itself, which must not be a directory; null when there is none.</summary>
    public SafeFileHandle? FindFile(ulong handle)
    {
        ref var entry = ref Find(handle, isDirectory: false);
        return Unsafe.IsNullRef(ref entry) ? null : entry.File;
    }

    /// <summary>Closes a file. False when there is none.</summary>
    public bool Remove(ulong handle, bool isDirectory)
    {
        ref var entry = ref Find(handle, isDirectory);
        if (Unsafe.IsNullRef(ref entry))
            return false;
        Close(ref entry, (uint)handle);
        return true;
    }

    /// <summary>Closes everything.</summary>
    public void Clear()
    {
        for (var slot = 1u; slot < _nextUnused; slot++)
        {
            if (_files[slot].File is not null)
                Close(ref _files[slot], slot);
        }
    }

    public void Dispose() => Clear();

    private void Close(ref OpenFile entry, uint slot)
    {
        entry.File!.Dispose();
        entry.File = null;
        entry.Generation++;
        entry.NextFree = _firstFree;
        _firstFree = slot;
        Count--;
    }
}
