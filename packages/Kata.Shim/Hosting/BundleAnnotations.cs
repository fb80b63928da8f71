using System.Text.Json;

namespace Kata.Shim.Hosting;

/// <summary>Reads only the annotations of a bundle's <c>config.json</c>: <c>start</c> needs no more, and is on every container's path.</summary>
internal static class BundleAnnotations
{
    private const int MaxFileSize = 16 * 1024 * 1024;

    /// <summary>The annotations; empty when there are none, or no file (a sandbox made through the sandbox service has none).</summary>
    /// <exception cref="CommandLineException">The file is not a JSON object.</exception>
    internal static IReadOnlyDictionary<string, string> Read(string bundle)
    {
        var path = Path.Combine(bundle, "config.json");
        try
        {
            if (new FileInfo(path) is { Exists: true, Length: > MaxFileSize } file)
                throw new CommandLineException($"{path} has {file.Length} bytes; at most {MaxFileSize} are read.");
            return Parse(File.ReadAllBytes(path));
        }
        catch (FileNotFoundException)
        {
            return new Dictionary<string, string>();
        }
        catch (JsonException exception)
        {
            throw new CommandLineException($"{path}, line {exception.LineNumber + 1}: not valid JSON.");
        }
    }

    internal static Dictionary<string, string> Parse(ReadOnlySpan<byte> json)
    {
        var annotations = new Dictionary<string, string>();
        var reader = new Utf8JsonReader(json);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
            throw new JsonException(null, null, 0, 0);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var wanted = reader.ValueTextEquals("annotations"u8);
            reader.Read();
            if (wanted && reader.TokenType == JsonTokenType.StartObject)
                ReadObject(ref reader, annotations);
            else
                reader.Skip();
        }

        return annotations;
    }

    private static void ReadObject(ref Utf8JsonReader reader, Dictionary<string, string> annotations)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = reader.GetString()!;
            reader.Read();
            if (reader.TokenType == JsonTokenType.String)
                annotations[name] = reader.GetString()!;
            else
                reader.Skip();
        }
    }
}
