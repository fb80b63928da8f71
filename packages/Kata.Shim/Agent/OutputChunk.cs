using System.Buffers;
using System.Runtime.InteropServices;
using Google.Protobuf;
using Grpc.Core;
using Kata.Protocols.Agent;

namespace Kata.Shim.Agent;

/// <summary>
/// What a process wrote: a <see cref="ReadStreamResponse"/> whose bytes are in a buffer of the shared pool, to which <see cref="Dispose"/>
/// returns it. The generated message allocates a byte for each byte that streams, and collecting them holds up a guest in this process.
/// </summary>
internal sealed class OutputChunk : IDisposable
{
    private readonly int _length;
    private byte[] _buffer;

    private OutputChunk(ReadOnlySpan<byte> data)
    {
        _buffer = data.IsEmpty ? [] : ArrayPool<byte>.Shared.Rent(data.Length);
        data.CopyTo(_buffer);
        _length = data.Length;
    }

    /// <summary>Empty at the end of the stream. Valid until <see cref="Dispose"/>.</summary>
    public ReadOnlyMemory<byte> Data => _buffer.AsMemory(0, _length);

    /// <summary>The same method, its response read as a chunk.</summary>
    public static Method<ReadStreamRequest, OutputChunk> MethodOf(Method<ReadStreamRequest, ReadStreamResponse> method) => new(
        method.Type, method.ServiceName, method.Name, method.RequestMarshaller,
        Marshallers.Create<OutputChunk>((_, _) => throw new NotSupportedException(), context => Parse(context.PayloadAsReadOnlySequence())));

    /// <summary>Returns the buffer.</summary>
    public void Dispose()
    {
        if (_buffer.Length > 0)
            ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = [];
    }

    /// <exception cref="InvalidProtocolBufferException">This is no protobuf message.</exception>
    private static OutputChunk Parse(ReadOnlySequence<byte> message)
    {
        if (!message.IsSingleSegment || !MemoryMarshal.TryGetArray(message.First, out var bytes))
            bytes = message.ToArray();
        using var input = new CodedInputStream(bytes.Array!, bytes.Offset, bytes.Count);
        ReadOnlySpan<byte> data = default;
        while (input.ReadTag() is not 0 and var tag)
        {
            var start = (int)input.Position;
            input.SkipLastField();
            if (tag == WireFormat.MakeTag(ReadStreamResponse.DataFieldNumber, WireFormat.WireType.LengthDelimited))
                data = WithoutLength(bytes.Array.AsSpan()[start..(int)input.Position]);
        }

        return new OutputChunk(data);
    }

    /// <summary>Skips the length that precedes the bytes, which the skipped field was checked against.</summary>
    private static ReadOnlySpan<byte> WithoutLength(ReadOnlySpan<byte> field) => field[(field.IndexOfAnyInRange((byte)0, (byte)0x7f) + 1)..];
}
