using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using Kata.Abstractions;
using Kata.Linux;
using Microsoft.Extensions.Logging;
using Microsoft.Win32.SafeHandles;

namespace Kata.Hypervisors.External.Qemu.Qmp;

/// <summary>
/// QEMU's machine protocol over one end of a socket pair: JSON objects, one a line. Commands go one at a time, so that descriptors sent
/// along cannot be taken by another command. When QEMU goes away, everything pending fails at once.
/// </summary>
internal sealed class QmpClient : IAsyncDisposable
{
    /// <summary>Far above the longest answer (<c>query-pci</c> with all slots taken); QEMU itself is not trusted blindly, it runs the guest.</summary>
    private const int MaxMessageBytes = 1 << 20;

    private readonly Socket _socket;
    private readonly Action<QmpEvent> _onEvent;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private readonly SemaphoreSlim _turn = new(1);
    private readonly Lock _gate = new();
    private readonly List<EventWaiter> _waiters = [];
    private readonly TaskCompletionSource<QmpGreeting> _greeting = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private PendingCommand? _pending;
    private HypervisorException? _failure;
    private ulong _lastId;

    private QmpClient(SafeFileHandle socket, Action<QmpEvent> onEvent, ILogger logger, TimeProvider time)
    {
        _socket = SocketAdapter.Adopt(socket);
        _onEvent = onEvent;
        _logger = logger;
        _time = time;
        Closed = ReadAsync();
    }

    /// <summary>How long a command may take before it fails. QEMU answers within milliseconds unless the host is out of breath.</summary>
    public TimeSpan CommandTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Completes when QEMU has closed the connection and every event before that was delivered. Never faults.</summary>
    public Task Closed { get; }

    /// <summary>Takes over <paramref name="socket"/>, waits for the greeting and negotiates.</summary>
    /// <exception cref="HypervisorException">QEMU closed the connection, said something else, or said nothing in time.</exception>
    public static async Task<QmpClient> ConnectAsync(
        SafeFileHandle socket, Action<QmpEvent> onEvent, ILogger logger, TimeProvider time, TimeSpan timeout, CancellationToken cancellationToken)
    {
        var client = new QmpClient(socket, onEvent, logger, time) { CommandTimeout = timeout };
        try
        {
            var greeting = await client._greeting.Task.WaitAsync(timeout, time, cancellationToken);
            var (major, minor, _) = greeting.Version.Qemu;
            // -netdev takes JSON since 7.2.
            if (major < 7 || (major == 7 && minor < 2))
                throw new HypervisorException($"QEMU {major}.{minor} is too old; version 7.2 or later is needed.", null, KataErrorKind.FailedPrecondition);
            await client.ExecuteAsync("qmp_capabilities", cancellationToken: cancellationToken);
            return client;
        }
        catch (Exception exception)
        {
            await client.DisposeAsync();
            if (exception is TimeoutException)
                throw new HypervisorException($"QEMU did not greet within {timeout.TotalSeconds} s.", exception, KataErrorKind.Timeout);
            throw;
        }
    }

    /// <summary>Runs a command.</summary>
    /// <param name="command">Its name.</param>
    /// <param name="arguments">Its arguments, or null.</param>
    /// <param name="descriptors">Descriptors to send along; the caller keeps its own.</param>
    /// <param name="cancellationToken">Gives up waiting; QEMU may still carry the command out.</param>
    /// <returns>What QEMU returned.</returns>
    /// <exception cref="QmpException">QEMU refused.</exception>
    /// <exception cref="HypervisorException">QEMU is gone or did not answer in time.</exception>
    public async Task<JsonElement> ExecuteAsync(
        string command, JsonObject? arguments = null, IReadOnlyList<SafeHandle>? descriptors = null, CancellationToken cancellationToken = default)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            var pending = new PendingCommand(++_lastId, command);
            lock (_gate)
            {
                if (_failure is not null)
                    throw Gone(command);
                _pending = pending;
            }

            await SendAsync(Encode(pending, arguments), descriptors ?? []);
            return await pending.Reply.Task.WaitAsync(CommandTimeout, _time, cancellationToken);
        }
        catch (TimeoutException exception)
        {
            throw new HypervisorException($"QEMU did not answer {command} within {CommandTimeout.TotalSeconds} s.", exception, KataErrorKind.Timeout);
        }
        catch (Exception exception) when (exception is SocketException or LinuxException or ObjectDisposedException)
        {
            throw Gone(command);
        }
        finally
        {
            lock (_gate)
                _pending = null;
            _turn.Release();
        }
    }

    /// <summary>Runs a command and reads its answer.</summary>
    public async Task<T> ExecuteAsync<T>(
        string command, JsonTypeInfo<T> type, JsonObject? arguments = null, CancellationToken cancellationToken = default)
    {
        var result = await ExecuteAsync(command, arguments, null, cancellationToken);
        try
        {
            return result.Deserialize(type) ?? throw new HypervisorException($"QEMU answered {command} with nothing.");
        }
        catch (JsonException exception)
        {
            throw new HypervisorException($"QEMU's answer to {command} was not understood: {exception.Message}", exception);
        }
    }

    /// <summary>The next event that <paramref name="match"/> accepts, from now on. Faults when QEMU goes away first.</summary>
    public Task<QmpEvent> NextEventAsync(Func<QmpEvent, bool> match)
    {
        var waiter = new EventWaiter(match);
        lock (_gate)
        {
            if (_failure is not null)
                return Task.FromException<QmpEvent>(Gone("an event"));
            _waiters.Add(waiter);
        }

        return waiter.Completion.Task;
    }

    public async ValueTask DisposeAsync()
    {
        _socket.Dispose();
        await Closed;
    }

    private static byte[] Encode(PendingCommand command, JsonObject? arguments)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteString("execute", command.Name);
            if (arguments is not null)
            {
                writer.WritePropertyName("arguments");
                arguments.WriteTo(writer);
            }

            writer.WriteNumber("id", command.Id);
            writer.WriteEndObject();
        }

        buffer.WriteByte((byte)'\n');
        return buffer.ToArray();
    }

    private async Task SendAsync(ReadOnlyMemory<byte> message, IReadOnlyList<SafeHandle> descriptors)
    {
        if (descriptors.Count > 0)
        {
            // Descriptors travel with the first byte. The socket cannot be full: QEMU has read every command before this one.
            var sent = UnixSocket.Send(_socket.SafeHandle, message.Span, [.. descriptors]);
            message = sent < 0 ? throw new HypervisorException("QEMU does not read its QMP socket.") : message[sent..];
        }

        // Not cancellable: half a command would spoil the next one.
        while (!message.IsEmpty)
            message = message[await _socket.SendAsync(message)..];
    }

    private async Task ReadAsync()
    {
        var reason = "QEMU closed its QMP connection.";
        var buffer = new byte[4096];
        var length = 0;
        try
        {
            while (true)
            {
                if (length == buffer.Length)
                {
                    if (length == MaxMessageBytes)
                        throw new InvalidDataException($"a line of more than {MaxMessageBytes} bytes");
                    Array.Resize(ref buffer, Math.Min(length * 4, MaxMessageBytes));
                }

                var count = await _socket.ReceiveAsync(buffer.AsMemory(length));
                if (count == 0)
                    break;
                length = Consume(buffer, length, count);
            }
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // The connection is over: QEMU has ended, or this client is disposed.
        }
#pragma warning disable CA1031 // Whatever QEMU sent, the pending commands have to end.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            reason = $"QEMU sent something that is not QMP: {exception.Message}";
            QemuLog.QmpProtocolError(_logger, exception.Message);
        }

        Fail(reason);
    }

    /// <summary>Handles the complete lines in the buffer and moves the rest to its start.</summary>
    /// <returns>The length of the rest.</returns>
    private int Consume(byte[] buffer, int length, int added)
    {
        var start = 0;
        var end = length + added;
        for (var scan = length; scan < end; scan++)
        {
            if (buffer[scan] != (byte)'\n')
                continue;
            var line = buffer.AsSpan(start, scan - start).Trim("\r "u8);
            start = scan + 1;
            if (!line.IsEmpty)
                Handle(JsonSerializer.Deserialize(line, QmpJson.Default.QmpMessage) ?? throw new InvalidDataException("null"));
        }

        buffer.AsSpan(start, end - start).CopyTo(buffer);
        return end - start;
    }

    private void Handle(QmpMessage message)
    {
        if (message.Greeting is { } greeting)
            _greeting.TrySetResult(greeting);
        else if (message.Event is { } name)
            Deliver(new QmpEvent(name, message.Data));
        else
            Answer(message);
    }

    private void Deliver(QmpEvent @event)
    {
        QemuLog.QmpEvent(_logger, @event.Name);
        List<EventWaiter> done;
        lock (_gate)
        {
            done = _waiters.FindAll(waiter => waiter.Match(@event));
            _waiters.RemoveAll(done.Contains);
        }

        done.ForEach(waiter => waiter.Completion.TrySetResult(@event));
        _onEvent(@event);
    }

    private void Answer(QmpMessage message)
    {
        PendingCommand? pending;
        lock (_gate)
            pending = _pending;
        // A late answer to a command that was given up is nobody's.
        if (pending is null || (message.Id is { } id && id != pending.Id))
            return;
        if (message.Error is { } error)
            pending.Reply.TrySetException(new QmpException(pending.Name, error));
        else if (message.Return is { } result)
            pending.Reply.TrySetResult(result);
        else
            throw new InvalidDataException("an answer without a result");
    }

    private void Fail(string reason)
    {
        List<EventWaiter> waiters;
        PendingCommand? pending;
        lock (_gate)
        {
            _failure = new HypervisorException(reason, null, KataErrorKind.Unavailable);
            pending = _pending;
            waiters = [.. _waiters];
            _waiters.Clear();
        }

        _greeting.TrySetException(_failure);
        pending?.Reply.TrySetException(Gone(pending.Name));
        waiters.ForEach(waiter => waiter.Completion.TrySetException(Gone("an event")));
        // Nobody has to be waiting for these.
        _ = _greeting.Task.Exception;
    }

    private HypervisorException Gone(string during) =>
        new($"QEMU is gone (during {during}): {_failure?.Message ?? "its QMP connection broke."}", _failure, KataErrorKind.Unavailable);

    private sealed class PendingCommand(ulong id, string name)
    {
        public ulong Id { get; } = id;

        public string Name { get; } = name;

        public TaskCompletionSource<JsonElement> Reply { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    private sealed class EventWaiter(Func<QmpEvent, bool> match)
    {
        public Func<QmpEvent, bool> Match { get; } = match;

        public TaskCompletionSource<QmpEvent> Completion { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
