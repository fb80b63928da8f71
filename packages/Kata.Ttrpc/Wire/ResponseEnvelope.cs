namespace Kata.Ttrpc.Wire;

/// <summary>The <c>Response</c> message of ttrpc, viewed in place.</summary>
internal readonly ref struct ResponseEnvelope
{
    public const int StatusField = 1;
    public const int PayloadField = 2;

    private ResponseEnvelope(ReadOnlySpan<byte> status, ReadOnlyMemory<byte> payload)
    {
        Status = status;
        Payload = payload;
    }

    /// <summary>A serialized <c>google.rpc.Status</c>; empty is success.</summary>
    public ReadOnlySpan<byte> Status { get; }

    public ReadOnlyMemory<byte> Payload { get; }

    /// <summary>Finds the fields. False when this is not a response message.</summary>
    public static bool TryRead(ReadOnlyMemory<byte> data, out ResponseEnvelope response)
    {
        var reader = new ProtoReader(data.Span);
        ReadOnlySpan<byte> status = default;
        ReadOnlyMemory<byte> payload = default;
        while (reader.TryReadTag(out var field, out var type))
        {
            switch ((field, type))
            {
                case (StatusField, WireType.Length):
                    status = reader.ReadBytes();
                    break;
                case (PayloadField, WireType.Length):
                    var length = reader.ReadBytes().Length;
                    payload = data.Slice(reader.Position - length, length);
                    break;
                default:
                    reader.Skip(field, type);
                    break;
            }
        }

        response = new ResponseEnvelope(status, payload);
        return !reader.Failed;
    }
}
