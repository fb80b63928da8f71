using Kata.Linux;

namespace Kata.Virtio.Network;

/// <summary>
/// The host's own memory for frames: a checked header, and one whole frame that does not fit elsewhere. Untouched pages cost nothing.
/// </summary>
internal sealed unsafe class FrameBuffer : IDisposable
{
    private const int FrameAt = 4096;

    private readonly MemoryMapping _memory = MemoryMapping.Anonymous(FrameAt + NetworkLimits.MaxFrameBytes);
    private readonly byte* _start;

    public FrameBuffer() => _start = (byte*)_memory.Address;

    public ref NetworkHeader Header => ref *(NetworkHeader*)_start;

    public NativeBuffer HeaderRange => new((nint)_start, NetworkHeader.Size);

    public Span<byte> Frame => new(_start + FrameAt, NetworkLimits.MaxFrameBytes);

    /// <summary>The end of the frame, after <paramref name="offset"/> bytes; empty when nothing is left.</summary>
    public NativeBuffer FrameAfter(long offset) => offset >= NetworkLimits.MaxFrameBytes
        ? default
        : new((nint)(_start + FrameAt + offset), (nint)(NetworkLimits.MaxFrameBytes - offset));

    public void Dispose() => _memory.Dispose();
}
