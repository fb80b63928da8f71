using System.Globalization;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Kata.Abstractions;
using Kata.Linux;
using Microsoft.Extensions.Logging;

namespace Kata.Shim.Agent;

/// <summary>Copies the agent's own log, JSON lines on a vsock port, into the shim's. Agents that were not asked for it do not listen.</summary>
internal static class AgentLogForwarder
{
    /// <summary>Longer lines are cut; the guest decides about their length.</summary>
    private const int MaxLine = 16 * 1024;

    /// <summary>Runs until the stream ends or <paramref name="cancellationToken"/> says so. Never throws.</summary>
    public static async Task RunAsync(GuestEndpoint endpoint, uint port, ILogger logger, CancellationToken cancellationToken)
    {
        // Plain unix endpoints have one port only.
        if (endpoint is UnixGuestEndpoint)
            return;
        try
        {
            using var socket = await ConnectAsync(endpoint, port, cancellationToken).ConfigureAwait(false);
            await using var stream = new NetworkStream(socket);
            await CopyAsync(stream, logger, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is LinuxException or IOException or SocketException or OperationCanceledException)
        {
            if (!cancellationToken.IsCancellationRequested)
                AgentLog.NoLogStream(logger, exception.Message);
        }
    }

    internal static async Task CopyAsync(Stream stream, ILogger logger, CancellationToken cancellationToken)
    {
        var buffer = new byte[MaxLine];
        var filled = 0;
        var skipping = false;
        while (await stream.ReadAsync(buffer.AsMemory(filled), cancellationToken).ConfigureAwait(false) is > 0 and var count)
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

    private static async Task<Socket> ConnectAsync(GuestEndpoint endpoint, uint port, CancellationToken cancellationToken)
    {
        if (endpoint is VsockGuestEndpoint vsock)
            return new Socket(Owned(await Task.Run(() => Vsock.Connect(vsock.Cid, port), cancellationToken).ConfigureAwait(false)));
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            var path = ((HybridVsockGuestEndpoint)endpoint).SocketPath;
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellationToken).ConfigureAwait(false);
            var greeting = Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"CONNECT {port}\n"));
            await socket.SendAsync(greeting, cancellationToken).ConfigureAwait(false);
            // Byte by byte: what follows the line is the log.
            var answer = new StringBuilder();
            var one = new byte[1];
            while (answer.Length < 64 && await socket.ReceiveAsync(one, cancellationToken).ConfigureAwait(false) == 1 && one[0] != '\n')
                answer.Append((char)one[0]);
            return answer.ToString().StartsWith("OK", StringComparison.Ordinal) ? socket : throw new IOException($"port {port} is not open in the guest");
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static SafeSocketHandle Owned(Microsoft.Win32.SafeHandles.SafeFileHandle descriptor)
    {
        var owned = new SafeSocketHandle(descriptor.DangerousGetHandle(), ownsHandle: true);
        descriptor.SetHandleAsInvalid();
        return owned;
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
