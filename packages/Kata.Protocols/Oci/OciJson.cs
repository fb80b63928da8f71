using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Kata.Protocols.Oci;

/// <summary>Reads and writes the OCI records as UTF-8 JSON, without reflection.</summary>
public static class OciJson
{
    /// <summary>Reads a configuration.</summary>
    /// <param name="utf8">The JSON text.</param>
    /// <param name="source">What the text is, for errors: usually the path of <c>config.json</c>.</param>
    /// <exception cref="OciFormatException">The text is not JSON, or a member has the wrong type.</exception>
    public static Spec ReadSpec(ReadOnlySpan<byte> utf8, string source) => Read(utf8, source, OciJsonContext.Default.Spec);

    /// <summary>Reads a process, the payload of an exec.</summary>
    /// <inheritdoc cref="ReadSpec" path="/param|/exception"/>
    public static Process ReadProcess(ReadOnlySpan<byte> utf8, string source) => Read(utf8, source, OciJsonContext.Default.Process);

    /// <summary>Reads resources, the payload of an update.</summary>
    /// <inheritdoc cref="ReadSpec" path="/param|/exception"/>
    public static LinuxResources ReadResources(ReadOnlySpan<byte> utf8, string source) =>
        Read(utf8, source, OciJsonContext.Default.LinuxResources);

    /// <summary>Reads a container state.</summary>
    /// <inheritdoc cref="ReadSpec" path="/param|/exception"/>
    public static State ReadState(ReadOnlySpan<byte> utf8, string source) => Read(utf8, source, OciJsonContext.Default.State);

    /// <summary>Reads runtime features.</summary>
    /// <inheritdoc cref="ReadSpec" path="/param|/exception"/>
    public static Features ReadFeatures(ReadOnlySpan<byte> utf8, string source) => Read(utf8, source, OciJsonContext.Default.Features);

    /// <summary>Writes a configuration.</summary>
    public static byte[] Write(Spec spec) => JsonSerializer.SerializeToUtf8Bytes(spec, OciJsonContext.Default.Spec);

    /// <summary>Writes a process.</summary>
    public static byte[] Write(Process process) => JsonSerializer.SerializeToUtf8Bytes(process, OciJsonContext.Default.Process);

    /// <summary>Writes resources.</summary>
    public static byte[] Write(LinuxResources resources) =>
        JsonSerializer.SerializeToUtf8Bytes(resources, OciJsonContext.Default.LinuxResources);

    /// <summary>Writes a container state.</summary>
    public static byte[] Write(State state) => JsonSerializer.SerializeToUtf8Bytes(state, OciJsonContext.Default.State);

    /// <summary>Writes runtime features.</summary>
    public static byte[] Write(Features features) => JsonSerializer.SerializeToUtf8Bytes(features, OciJsonContext.Default.Features);

    private static T Read<T>(ReadOnlySpan<byte> utf8, string source, JsonTypeInfo<T> type)
        where T : OciObject
    {
        try
        {
            var value = JsonSerializer.Deserialize(utf8, type)
                ?? throw new OciFormatException(source, "$", 1, "expected a JSON object, found null.", null);
            RejectNullItems(utf8, source);
            return value;
        }
        catch (JsonException e)
        {
            throw new OciFormatException(source, e.Path ?? "", e.LineNumber + 1, Reason(e.Message), e);
        }
    }

    // The records promise lists without null; the serializer does not check items.
    private static void RejectNullItems(ReadOnlySpan<byte> utf8, string source)
    {
        var reader = new Utf8JsonReader(utf8);
        for (var previous = JsonTokenType.None; reader.Read(); previous = reader.TokenType)
        {
            if (reader.TokenType == JsonTokenType.Null && previous is not (JsonTokenType.PropertyName or JsonTokenType.None))
            {
                long line = 1 + utf8[..(int)reader.TokenStartIndex].Count((byte)'\n');
                throw new OciFormatException(source, "", line, "a list must not contain null.", null);
            }
        }
    }

    // System.Text.Json appends position and CLR type names, which mean nothing to whoever wrote the file.
    private static string Reason(string message)
    {
        if (message.StartsWith("The JSON value could not be converted", StringComparison.Ordinal))
            return "the value has the wrong type.";
        int position = message.IndexOf(" Path: ", StringComparison.Ordinal);
        if (position < 0)
            position = message.IndexOf(" LineNumber: ", StringComparison.Ordinal);
        return position < 0 ? message : message[..position];
    }
}
