using System.Text;
using Grpc.Core;

namespace Kata.Ttrpc.Wire;

/// <summary>
/// Metadata on the wire: repeated <c>KeyValue</c> fields of a request. Values are text there, so binary entries
/// (keys ending in <c>-bin</c>) travel as base64, as in gRPC.
/// </summary>
internal static class MetadataCodec
{
    private const int KeyField = 1;
    private const int ValueField = 2;

    /// <summary>The bytes <see cref="Encode"/> writes.</summary>
    public static int GetSize(Metadata? metadata)
    {
        var size = 0;
        for (var i = 0; i < metadata?.Count; i++)
            size += ProtoWriter.FieldSize(GetSize(metadata[i]));
        return size;
    }

    public static void Encode(Metadata? metadata, ref ProtoWriter writer)
    {
        for (var i = 0; i < metadata?.Count; i++)
        {
            var (key, value) = (metadata[i].Key, GetText(metadata[i]));
            writer.WriteHeader(RequestEnvelope.MetadataField, GetSize(metadata[i]));
            writer.WriteString(KeyField, key, Encoding.UTF8.GetByteCount(key));
            writer.WriteString(ValueField, value, Encoding.UTF8.GetByteCount(value));
        }
    }

    /// <summary>True when <paramref name="keyValue"/> is a decodable <c>KeyValue</c>.</summary>
    public static bool IsWellFormed(ReadOnlySpan<byte> keyValue)
    {
        var reader = new ProtoReader(keyValue);
        while (reader.TryReadTag(out var field, out var type))
            reader.Skip(field, type);
        return !reader.Failed;
    }

    /// <summary>Reads the metadata fields of a request. Entries gRPC cannot express (odd characters in the key, bad base64) are left out.</summary>
    public static Metadata Decode(ReadOnlySpan<byte> fields)
    {
        var metadata = new Metadata();
        var reader = new ProtoReader(fields);
        while (reader.TryReadTag(out var field, out var type))
        {
            if (field == RequestEnvelope.MetadataField && type == WireType.Length)
                AddEntry(metadata, reader.ReadBytes());
            else
                reader.Skip(field, type);
        }

        return metadata;
    }

    private static void AddEntry(Metadata metadata, ReadOnlySpan<byte> keyValue)
    {
        string key = "", value = "";
        var reader = new ProtoReader(keyValue);
        while (reader.TryReadTag(out var field, out var type))
        {
            switch ((field, type))
            {
                case (KeyField, WireType.Length):
                    key = Encoding.UTF8.GetString(reader.ReadBytes()).ToLowerInvariant();
                    break;
                case (ValueField, WireType.Length):
                    value = Encoding.UTF8.GetString(reader.ReadBytes());
                    break;
                default:
                    reader.Skip(field, type);
                    break;
            }
        }

        if (!IsKey(key))
            return;
        if (!key.EndsWith(Metadata.BinaryHeaderSuffix, StringComparison.Ordinal))
            metadata.Add(key, value);
        else if (TryDecodeBase64(value) is { } bytes)
            metadata.Add(key, bytes);
    }

    private static int GetSize(Metadata.Entry entry) =>
        ProtoWriter.FieldSize(Encoding.UTF8.GetByteCount(entry.Key)) + ProtoWriter.FieldSize(Encoding.UTF8.GetByteCount(GetText(entry)));

    private static string GetText(Metadata.Entry entry) => entry.IsBinary ? Convert.ToBase64String(entry.ValueBytes) : entry.Value;

    private static bool IsKey(string key)
    {
        foreach (var c in key)
        {
            if (c is not ((>= 'a' and <= 'z') or (>= '0' and <= '9') or '.' or '_' or '-'))
                return false;
        }

        return key.Length > 0;
    }

    private static byte[]? TryDecodeBase64(string text)
    {
        // gRPC peers may leave out the padding.
        var padded = text.PadRight((text.Length + 3) & ~3, '=');
        var bytes = new byte[padded.Length / 4 * 3];
        return Convert.TryFromBase64String(padded, bytes, out var count) ? bytes.AsSpan(0, count).ToArray() : null;
    }
}
