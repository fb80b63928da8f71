namespace Kata.Vmm.Dragonball.Buses;

/// <summary>
/// Finds the device of a port or an address. Never changes, so that vCPU threads read it without a lock; a machine that changes gets
/// another one.
/// </summary>
internal sealed class Bus
{
    private readonly ulong[] _starts;
    private readonly BusRange[] _ranges;

    /// <summary>Joins ranges.</summary>
    /// <exception cref="ArgumentException">Two of them overlap.</exception>
    public Bus(IEnumerable<BusRange> ranges)
    {
        _ranges = [.. ranges.OrderBy(range => range.Start)];
        _starts = [.. _ranges.Select(range => range.Start)];
        for (var i = 1; i < _ranges.Length; i++)
        {
            if (_ranges[i].Start - _ranges[i - 1].Start < _ranges[i - 1].Length)
                throw new ArgumentException($"Two devices claim 0x{_ranges[i].Start:x}.", nameof(ranges));
        }
    }

    /// <summary>The guest reads. What nobody claims reads as ones, as on a bus without a device.</summary>
    public void Read(ulong address, Span<byte> data)
    {
        if (TryFind(address, data.Length, out var range))
        {
            data.Clear();
            range.Device.Read(address - range.Start, data);
        }
        else
        {
            data.Fill(0xFF);
        }
    }

    /// <summary>The guest writes. What nobody claims is ignored.</summary>
    public void Write(ulong address, ReadOnlySpan<byte> data)
    {
        if (TryFind(address, data.Length, out var range))
            range.Device.Write(address - range.Start, data);
    }

    private bool TryFind(ulong address, int length, out BusRange range)
    {
        var index = Array.BinarySearch(_starts, address);
        if (index < 0)
            index = ~index - 1;
        range = index < 0 ? default : _ranges[index];
        var offset = address - range.Start;
        return offset < range.Length && (ulong)length <= range.Length - offset;
    }
}
