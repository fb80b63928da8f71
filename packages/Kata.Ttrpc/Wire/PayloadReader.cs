using System.Buffers;
using Grpc.Core;

namespace Kata.Ttrpc.Wire;

/// <summary>Hands received bytes to a message parser without copying them. One is cached per thread.</summary>
internal sealed class PayloadReader : DeserializationContext
{
    [ThreadStatic]
    private static PayloadReader? t_cached;

    private ReadOnlyMemory<byte> _payload;

    private PayloadReader()
    {
    }

    public override int PayloadLength => _payload.Length;

    /// <summary>Parses one message. Throws whatever the parser throws.</summary>
    public static T Parse<T>(Marshaller<T> marshaller, ReadOnlyMemory<byte> payload)
    {
        var reader = t_cached ??= new PayloadReader();
        reader._payload = payload;
        try
        {
            return marshaller.ContextualDeserializer(reader);
        }
        finally
        {
            reader._payload = default;
        }
    }

    public override byte[] PayloadAsNewBuffer() => _payload.ToArray();

    public override ReadOnlySequence<byte> PayloadAsReadOnlySequence() => new(_payload);
}
