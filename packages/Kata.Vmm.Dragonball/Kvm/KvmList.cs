using System.Runtime.InteropServices;
using static Kata.Vmm.Dragonball.Kvm.KvmInterop;

namespace Kata.Vmm.Dragonball.Kvm;

/// <summary>The form in which KVM passes several entries: their number, four bytes of padding, the entries.</summary>
/// <typeparam name="T">The entry.</typeparam>
internal readonly unsafe ref struct KvmList<T>
    where T : unmanaged
{
    private const int HeaderSize = 8;

    private readonly byte[] _buffer;

    /// <summary>Room for a number of entries, which KVM may fill.</summary>
    public KvmList(int count)
    {
        _buffer = new byte[HeaderSize + (count * sizeof(T))];
        MemoryMarshal.Write(_buffer, count);
    }

    public KvmList(ReadOnlySpan<T> entries)
        : this(entries.Length) => MemoryMarshal.AsBytes(entries).CopyTo(_buffer.AsSpan(HeaderSize));

    /// <summary>As many as the header says.</summary>
    public ReadOnlySpan<T> Entries => MemoryMarshal.Cast<byte, T>(_buffer.AsSpan(HeaderSize))[..MemoryMarshal.Read<int>(_buffer)];

    public int Pass(SafeHandle fd, nuint request)
    {
        fixed (byte* pointer = _buffer)
            return Ioctl(fd, request, pointer);
    }
}
