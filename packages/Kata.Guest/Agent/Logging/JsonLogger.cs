using System.Buffers;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.Extensions.Logging;

namespace Kata.Guest.Agent.Logging;

/// <summary>Writes a JSON object a line, the form that the runtime reads: <c>level</c>, <c>msg</c>, <c>ts</c>, <c>subsystem</c> and the values.</summary>
internal sealed class JsonLogger : ILogger
{
    // Read by people and parsers, never put into HTML.
    private static readonly JsonWriterOptions _readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly LogHub _hub;
    private readonly string _subsystem;

    public JsonLogger(LogHub hub, string subsystem)
    {
        _hub = hub;
        _subsystem = subsystem;
    }

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= _hub.Level && logLevel != LogLevel.None;

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (IsEnabled(logLevel))
            _hub.Write(logLevel, Format(logLevel, _subsystem, formatter(state, exception), state, exception, DateTimeOffset.UtcNow));
    }

    internal static byte[] Format(
        LogLevel level, string subsystem, string message, object? state, Exception? exception, DateTimeOffset time)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var json = new Utf8JsonWriter(buffer, _readable))
        {
            json.WriteStartObject();
            json.WriteString("msg", exception is null ? message : $"{message}: {exception.Message}");
            json.WriteString("level", NameOf(level));
            json.WriteString("ts", time.ToString("yyyy-MM-ddTHH:mm:ss.fffffffZ", CultureInfo.InvariantCulture));
            json.WriteString("name", "kata-agent");
            json.WriteString("source", "agent");
            json.WriteString("subsystem", subsystem);
            WriteValues(json, state);
            // An error that nobody expected: where it came from.
            if (exception is not (null or AgentException or IOException or OperationCanceledException))
                json.WriteString("error", exception.ToString());
            json.WriteEndObject();
        }

        buffer.Write("\n"u8);
        return buffer.WrittenSpan.ToArray();
    }

    private static void WriteValues(Utf8JsonWriter json, object? state)
    {
        if (state is not IEnumerable<KeyValuePair<string, object?>> values)
            return;
        foreach (var (key, value) in values)
        {
            if (key != "{OriginalFormat}")
                json.WriteString(JsonNamingPolicy.CamelCase.ConvertName(key), Convert.ToString(value, CultureInfo.InvariantCulture));
        }
    }

    private static string NameOf(LogLevel level) => level switch
    {
        LogLevel.Trace => "TRCE",
        LogLevel.Debug => "DEBG",
        LogLevel.Information => "INFO",
        LogLevel.Warning => "WARN",
        LogLevel.Error => "ERRO",
        _ => "CRIT",
    };
}
