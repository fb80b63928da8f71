using System.Globalization;
using System.Text;
using Microsoft.Extensions.Logging;

namespace Kata.Shim.Hosting;

/// <summary>Writes log records as the logfmt lines containerd's own log consists of: <c>time="…" level=info msg="…" key=value</c>.</summary>
internal sealed class LogfmtLogger : ILogger
{
    // Longer writes to a fifo are not atomic (PIPE_BUF): lines of several threads would mix.
    private const int MaxLineBytes = 4096;
    private const int MaxValueLength = 2000;
    private const int LongestRepeatedValue = 40;

    private readonly LogFile _file;
    private readonly string _suffix;
    private readonly TimeProvider _clock;

    /// <param name="suffix">Fields at the end of every line, formatted, with a leading space.</param>
    internal LogfmtLogger(LogFile file, LogLevel minimum, string suffix, TimeProvider clock)
    {
        _file = file;
        MinimumLevel = minimum;
        _suffix = suffix;
        _clock = clock;
    }

    /// <summary>Records below it are not written.</summary>
    internal LogLevel MinimumLevel { get; set; }

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= MinimumLevel && logLevel != LogLevel.None;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (IsEnabled(logLevel))
            Write(logLevel, formatter(state, exception), state as IReadOnlyList<KeyValuePair<string, object?>> ?? [], exception);
    }

    // Apart from Log, which NativeAOT compiles once per kind of record.
    private void Write(LogLevel logLevel, string message, IReadOnlyList<KeyValuePair<string, object?>> fields, Exception? exception)
    {
        var line = new StringBuilder(256);
        line.Append("time=\"").Append(_clock.GetUtcNow().ToString("yyyy-MM-ddTHH:mm:ss.fffffffZ", CultureInfo.InvariantCulture));
        line.Append("\" level=").Append(NameOf(logLevel)).Append(" msg=");
        AppendValue(line, message);
        if (exception is not null)
            AppendField(line, "error", Describe(exception));
        for (var i = 0; i < fields.Count; i++)
        {
            if (fields[i].Key == "{OriginalFormat}")
                continue;
            var value = Convert.ToString(fields[i].Value, CultureInfo.InvariantCulture) ?? "";
            // What the message quotes at length is not worth a second time.
            if (value.Length <= LongestRepeatedValue || !message.Contains(value, StringComparison.Ordinal))
                AppendField(line, fields[i].Key, value);
        }

        line.Append(_suffix);
        Write(line);
    }

    /// <summary>Appends <c> key=value</c>.</summary>
    internal static void AppendField(StringBuilder line, string key, string value)
    {
        line.Append(' ').Append(char.ToLowerInvariant(key[0])).Append(key, 1, key.Length - 1).Append('=');
        AppendValue(line, value);
    }

    /// <summary>An exception and its causes in one line, without repeating what a cause says already.</summary>
    internal static string Flatten(Exception exception)
    {
        var text = exception.Message;
        for (var cause = exception.InnerException; cause is not null; cause = cause.InnerException)
        {
            var message = cause is Grpc.Core.RpcException rpc ? rpc.Status.Detail : cause.Message;
            if (!text.Contains(message, StringComparison.Ordinal))
                text += $" ({message})";
        }

        return text;
    }

    /// <summary>An exception as text. Errors of the outside world are told by their message; the stack helps only with defects of our own.</summary>
    internal static string Describe(Exception exception) => IsExpected(exception) ? Flatten(exception) : exception.ToString();

    private static bool IsExpected(Exception exception) =>
        exception is Abstractions.KataException or CommandLineException or IOException or UnauthorizedAccessException or FormatException or Grpc.Core.RpcException or OperationCanceledException;

    private static string NameOf(LogLevel level) => level switch
    {
        LogLevel.Trace => "trace",
        LogLevel.Debug => "debug",
        LogLevel.Information => "info",
        LogLevel.Warning => "warning",
        LogLevel.Error => "error",
        _ => "fatal",
    };

    private static void AppendValue(StringBuilder line, string value)
    {
        if (value.Length > 0 && value.AsSpan().IndexOfAnyExcept(Plain) < 0)
        {
            line.Append(value);
            return;
        }

        line.Append('"');
        foreach (var c in value.AsSpan(0, Math.Min(value.Length, MaxValueLength)))
        {
            _ = c switch
            {
                '"' or '\\' => line.Append('\\').Append(c),
                '\n' => line.Append("\\n"),
                '\r' => line.Append("\\r"),
                '\t' => line.Append("\\t"),
                < ' ' or '\x7f' => line.Append(CultureInfo.InvariantCulture, $"\\x{(int)c:x2}"),
                _ => line.Append(c),
            };
        }

        line.Append(value.Length > MaxValueLength ? "…\"" : "\"");
    }

    private static readonly System.Buffers.SearchValues<char> Plain =
        System.Buffers.SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._/@^+");

    private void Write(StringBuilder line)
    {
        var bytes = new byte[Encoding.UTF8.GetMaxByteCount(line.Length + 1)];
        var length = Encoding.UTF8.GetBytes(line.Append('\n').ToString(), bytes);
        if (length > MaxLineBytes)
        {
            length = MaxLineBytes - 1;
            while ((bytes[length] & 0xC0) == 0x80)
                length--;
            bytes[length++] = (byte)'\n';
        }

        _file.Write(bytes.AsSpan(0, length));
    }
}
