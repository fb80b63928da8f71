using System.Text;
using Grpc.Core;

namespace Kata.Ttrpc.Wire;

/// <summary>
/// <c>google.rpc.Status</c> on the wire, <see cref="Status"/> in code. Details travel in the trailer gRPC uses for them,
/// <c>grpc-status-details-bin</c>, which holds the whole serialized status.
/// </summary>
internal static class StatusCodec
{
    public const string DetailsTrailer = "grpc-status-details-bin";

    private const int CodeField = 1;
    private const int MessageField = 2;
    private const int DetailsField = 3;

    /// <summary>Reads a status; an undecodable one is an <see cref="StatusCode.Internal"/> error. Trailers are made only when there are details.</summary>
    public static Status Decode(ReadOnlySpan<byte> data, out Metadata? trailers)
    {
        trailers = null;
        var reader = new ProtoReader(data);
        var code = 0;
        var message = "";
        var hasDetails = false;
        while (reader.TryReadTag(out var field, out var type))
        {
            switch ((field, type))
            {
                case (CodeField, WireType.Varint):
                    code = (int)reader.ReadVarint();
                    break;
                case (MessageField, WireType.Length):
                    message = Encoding.UTF8.GetString(reader.ReadBytes());
                    break;
                case (DetailsField, WireType.Length):
                    reader.ReadBytes();
                    hasDetails = true;
                    break;
                default:
                    reader.Skip(field, type);
                    break;
            }
        }

        if (reader.Failed)
            return new Status(StatusCode.Internal, "The peer sent a status that cannot be decoded.");
        if (hasDetails)
            trailers = new Metadata { { DetailsTrailer, data.ToArray() } };
        return new Status((StatusCode)code, message);
    }

    /// <summary>Writes a status with the details of <paramref name="trailers"/>, if there are any.</summary>
    public static byte[] Encode(Status status, Metadata? trailers)
    {
        var details = GetDetails(trailers);
        var message = Encoding.UTF8.GetByteCount(status.Detail);
        var buffer = new byte[11 + ProtoWriter.FieldSize(message) + details.Length];
        var writer = new ProtoWriter(buffer);
        writer.WriteInt64(CodeField, (int)status.StatusCode);
        writer.WriteString(MessageField, status.Detail, message);
        writer.WriteRaw(details);
        return buffer.AsSpan(0, writer.Position).ToArray();
    }

    /// <summary>The details fields, tags included, of the status in the trailers.</summary>
    private static ReadOnlySpan<byte> GetDetails(Metadata? trailers)
    {
        if (trailers?.GetValueBytes(DetailsTrailer) is not { } status)
            return default;
        var result = new List<byte>(status.Length);
        var reader = new ProtoReader(status);
        for (var start = 0; reader.TryReadTag(out var field, out var type); start = reader.Position)
        {
            reader.Skip(field, type);
            if (field == DetailsField && type == WireType.Length && !reader.Failed)
                result.AddRange(status.AsSpan(start..reader.Position));
        }

        return reader.Failed ? default : result.ToArray();
    }
}
