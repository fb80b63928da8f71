using System.Text;
using System.Text.Json;
using Kata.Abstractions;
using Kata.Linux;
using Kata.Shim.Runtime.Io;
using Kata.Ttrpc;
using Microsoft.Extensions.Logging;

namespace Kata.Shim.Agent;

/// <summary>Copies the agent's own log, JSON lines on a vsock port, into the shim's. Agents that were not asked for it do not listen.</summary>
internal static class AgentLogForwarder
{
    /// <summary>Longer lines are cut; the guest decides about their length.</summary>
    private const int MaxLine = 16 * 1024;

    /// <summary>Whoever does not listen refuses; silence is no answer.</summary>
    private static readonly TimeSpan LongestAnswer = TimeSpan.FromSeconds(10);

    /// <summary>Runs until the stream ends or <paramref name="cancellationToken"/> says so. Never throws.</summary>
    public static async Task RunAsync(GuestEndpoint endpoint, uint port, ILogger logger, CancellationToken cancellationToken)
    {
        // Plain unix endpoints have one port only.
        if (endpoint is UnixGuestEndpoint)
            return;
        try
        {
            var address = TtrpcAddress.Parse(endpoint.ForPort(port));
            using var socket = await address.ConnectAsync(LongestAnswer, cancellationToken).ConfigureAwait(false);
            using var input = InputStream.From(socket);
            using var end = cancellationToken.UnsafeRegister(static input => ((InputStream)input!).Dispose(), input);
            await CopyAsync(input.ReadAsync, logger).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is LinuxException or IOException or TimeoutException or OperationCanceledException)
        {
            if (!cancellationToken.IsCancellationRequested)
                AgentLog.NoLogStream(logger, exception.Message);
        }
    }

    /// <param name="read">Waits for bytes; 0 at the end.</param>
    internal static async Task CopyAsync(Func<Memory<byte>, ValueTask<int>> read, ILogger logger)
    {
        var buffer = new byte[MaxLine];
        var filled = 0;
        var skipping = false;
        while (await read(buffer.AsMemory(filled)).ConfigureAwait(false) is > 0 and var count)
        {
            filled += count;
            var start = 0;
            while (buffer.AsSpan(start, filled - start).IndexOf((byte)'\n') is >= 0 and var length)
            {
                if (!skipping)
                    Write(logger, buffer.AsSpan(start, length));
                skipping = false;
                start += length + 1;
            }

            filled -= start;
            buffer.AsSpan(start, filled).CopyTo(buffer);
            if (filled == MaxLine)
            {
                if (!skipping)
                    Write(logger, buffer);
                skipping = true;
                filled = 0;
            }
        }
    }

    private static void Write(ILogger logger, ReadOnlySpan<byte> line)
    {
        var (level, message) = Parse(line);
        if (logger.IsEnabled(level))
            logger.Log(level, new EventId(2002, "AgentLine"), message, null, static (text, _) => text);
    }

    private static (LogLevel Level, string Message) Parse(ReadOnlySpan<byte> line)
    {
        var level = LogLevel.Information;
        try
        {
            var reader = new Utf8JsonReader(line);
            while (reader.Read())
            {
                if (reader.TokenType != JsonTokenType.PropertyName || reader.CurrentDepth != 1)
                    continue;
                if (reader.ValueTextEquals("level"u8) && reader.Read() && reader.TokenType == JsonTokenType.String)
                    level = LevelOf(reader.GetString()!);
            }
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            // Not every line is JSON in UTF-8; it is passed on as it is.
        }

        return (level, $"agent: {Encoding.UTF8.GetString(line).TrimEnd('\r')}");
    }

    private static LogLevel LevelOf(string level) => level switch
    {
        "TRCE" => LogLevel.Trace,
        "DEBG" => LogLevel.Debug,
        "WARN" => LogLevel.Warning,
        "ERRO" => LogLevel.Error,
        "CRIT" => LogLevel.Critical,
        _ => LogLevel.Information,
    };
}
