using System.Runtime.InteropServices;
using Kata.Virtio.Memory;
using Kata.Vmm.Dragonball.Memory;

namespace Kata.Vmm.Dragonball.Boot;

/// <summary>The guest's memory from 0 to the 3 GiB hole: where everything lies that a guest finds when it begins.</summary>
internal sealed class LowMemory
{
    /// <summary>What fits into one span.</summary>
    private const int LongestSpan = 1 << 30;

    private const ulong Smallest = 0x20_0000;

    private readonly GuestMemory _memory;

    /// <summary>Checks that there is memory from 0 on.</summary>
    /// <exception cref="BootException">There is less than 2 MiB.</exception>
    public LowMemory(GuestMemory memory)
    {
        _memory = memory;
        End = memory.Regions is [{ Start: 0 } first, ..] ? Math.Min(first.End, GuestRam.HoleStart) : 0;
        if (End < Smallest)
            throw new BootException($"The machine has {End >> 10} KiB of memory from address 0 on; no kernel boots with so little.");
    }

    /// <summary>The address after the last byte.</summary>
    public ulong End { get; }

    /// <summary>Whether a range is memory.</summary>
    public bool Contains(ulong address, ulong length) => address <= End && length <= End - address;

    /// <summary>The longest piece, not empty, at the beginning of a range that <see cref="Contains"/> was asked about.</summary>
    public Span<byte> Piece(ulong address, ulong length)
    {
        var part = (int)Math.Min(length, LongestSpan);
        return Contains(address, length) && _memory.TryGetSpan(address, part, out var span)
            ? span
            : throw new ArgumentOutOfRangeException(nameof(address), $"0x{address:x} + 0x{length:x} is not in low memory.");
    }

    /// <summary>Sets a range to 0.</summary>
    public void Clear(ulong address, ulong length)
    {
        while (length > 0)
        {
            var piece = Piece(address, length);
            piece.Clear();
            address += (ulong)piece.Length;
            length -= (ulong)piece.Length;
        }
    }

    /// <summary>Copies bytes into the guest.</summary>
    public void Write(ulong address, ReadOnlySpan<byte> data) => data.CopyTo(Piece(address, (ulong)data.Length));

    /// <summary>Copies a structure into the guest.</summary>
    public void Write<T>(ulong address, in T value)
        where T : unmanaged => Write(address, MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in value)));
}
