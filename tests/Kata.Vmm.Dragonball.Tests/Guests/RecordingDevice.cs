using System.Collections.Concurrent;
using Kata.Vmm.Dragonball.Buses;

namespace Kata.Vmm.Dragonball.Tests.Guests;

/// <summary>Notes what a guest writes, and answers every read with a pattern.</summary>
internal sealed class RecordingDevice : IBusDevice
{
    public BlockingCollection<(ulong Offset, byte[] Data)> Writes { get; } = [];

    /// <summary>What each byte reads as.</summary>
    public byte Answer { get; set; }

    public void Read(ulong offset, Span<byte> data) => data.Fill(Answer);

    public void Write(ulong offset, ReadOnlySpan<byte> data) => Writes.Add((offset, data.ToArray()));

    /// <summary>The next write.</summary>
    public (ulong Offset, byte[] Data) Next() =>
        Writes.TryTake(out var write, TimeSpan.FromSeconds(10)) ? write : throw new TimeoutException("The guest wrote nothing for 10 s.");
}
