namespace Kata.Ttrpc.Wire;

/// <summary>The <c>Request</c> message of ttrpc, viewed in place.</summary>
internal readonly ref struct RequestEnvelope
{
    public const int ServiceField = 1;
    public const int MethodField = 2;
    public const int PayloadField = 3;
    public const int TimeoutField = 4;
    public const int MetadataField = 5;

    private RequestEnvelope(ReadOnlySpan<byte> service, ReadOnlySpan<byte> method, ReadOnlyMemory<byte> payload, long timeout, ReadOnlySpan<byte> metadata)
    {
        Service = service;
        Method = method;
        Payload = payload;
        TimeoutNano = timeout;
        Metadata = metadata;
    }

    public ReadOnlySpan<byte> Service { get; }

    public ReadOnlySpan<byte> Method { get; }

    public ReadOnlyMemory<byte> Payload { get; }

    /// <summary>Relative nanoseconds; 0 for none, negative for already over.</summary>
    public long TimeoutNano { get; }

    /// <summary>The part of the message with all metadata fields, for <see cref="MetadataCodec.Decode"/>; empty without any.</summary>
    public ReadOnlySpan<byte> Metadata { get; }

    /// <summary>Finds the fields; of a repeated single field the last one counts. False when this is not a request message.</summary>
    public static bool TryRead(ReadOnlyMemory<byte> data, out RequestEnvelope request)
    {
        var span = data.Span;
        var reader = new ProtoReader(span);
        ReadOnlySpan<byte> service = default, method = default;
        ReadOnlyMemory<byte> payload = default;
        var timeout = 0L;
        int metadataStart = -1, metadataEnd = 0, start = 0;
        for (; reader.TryReadTag(out var field, out var type); start = reader.Position)
        {
            switch ((field, type))
            {
                case (ServiceField, WireType.Length):
                    service = reader.ReadBytes();
                    break;
                case (MethodField, WireType.Length):
                    method = reader.ReadBytes();
                    break;
                case (PayloadField, WireType.Length):
                    var length = reader.ReadBytes().Length;
                    payload = data.Slice(reader.Position - length, length);
                    break;
                case (TimeoutField, WireType.Varint):
                    timeout = (long)reader.ReadVarint();
                    break;
                case (MetadataField, WireType.Length) when MetadataCodec.IsWellFormed(reader.ReadBytes()):
                    metadataStart = metadataStart < 0 ? start : metadataStart;
                    metadataEnd = reader.Position;
                    break;
                case (MetadataField, WireType.Length):
                    request = default;
                    return false;
                default:
                    reader.Skip(field, type);
                    break;
            }
        }

        var metadata = metadataStart < 0 ? default : span[metadataStart..metadataEnd];
        request = new RequestEnvelope(service, method, payload, timeout, metadata);
        return !reader.Failed;
    }
}
