using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Kata.Protocols;
using Kata.Protocols.Containerd.Events;
using Kata.Shim.Runtime;
using Kata.Ttrpc;
using Microsoft.Extensions.Logging;
using EventsApi = Kata.Protocols.Containerd.Services.Events;

namespace Kata.Shim.Services;

/// <summary>
/// Sends events to containerd, strictly in order: one that cannot be delivered holds back the others until it is given up. Each once,
/// but for one whose answer is lost with the connection, which is sent again.
/// </summary>
internal sealed class EventPublisher : ITaskEvents, IAsyncDisposable
{
    /// <summary>As in containerd's own library: beyond this depth the oldest are dropped.</summary>
    private const int MaxQueue = 2048;
    private const int MaxAttempts = 5;
    private const string NamespaceHeader = "containerd-namespace-ttrpc";

    private static readonly TimeSpan CallTimeout = TimeSpan.FromSeconds(5);

    private readonly Queue<Envelope> _queue = new();
    private readonly string _namespace;
    private readonly TtrpcAddress? _address;
    private readonly ILogger _logger;
    private readonly TimeProvider _clock;
    private readonly Metadata _headers;
    private TtrpcChannel? _channel;
    private Task _pump = Task.CompletedTask;
    private bool _pumping;

    /// <param name="address">The value of TTRPC_ADDRESS; null or empty when nobody wants events (CRI-O).</param>
    /// <param name="containerdNamespace">The containerd namespace.</param>
    /// <param name="logger">Where to report losses.</param>
    /// <param name="clock">The clock.</param>
    internal EventPublisher(string? address, string containerdNamespace, ILogger logger, TimeProvider clock)
    {
        (_namespace, _logger, _clock) = (containerdNamespace, logger, clock);
        _headers = new Metadata { { NamespaceHeader, containerdNamespace } };
        if (!TtrpcAddress.TryParse(address, out _address))
            ServiceLog.NoEvents(logger);
    }

    public void Publish<T>(T taskEvent)
        where T : class, ITaskEvent
    {
        ServiceLog.Event(_logger, T.Topic);
        if (_address is null)
            return;
        var envelope = new Envelope
        {
            Timestamp = Timestamp.FromDateTimeOffset(_clock.GetUtcNow()),
            Namespace = _namespace,
            Topic = T.Topic,
            Event = AnyPayload.Pack(taskEvent),
        };
        lock (_queue)
        {
            if (_queue.Count == MaxQueue)
                ServiceLog.EventDropped(_logger, _queue.Dequeue().Topic, "too many are waiting");
            _queue.Enqueue(envelope);
            if (_pumping)
                return;
            _pumping = true;
            _pump = PumpAsync();
        }
    }

    /// <summary>Waits until all events so far are delivered or given up, or the time is over.</summary>
    internal async Task FlushAsync(TimeSpan timeout)
    {
        Task pump;
        lock (_queue)
            pump = _pump;
        await Task.WhenAny(pump, Task.Delay(timeout, _clock));
    }

    public async ValueTask DisposeAsync()
    {
        if (_channel is not null)
            await _channel.DisposeAsync();
    }

    private async Task PumpAsync()
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        while (true)
        {
            Envelope envelope;
            lock (_queue)
            {
                if (!_queue.TryDequeue(out envelope!))
                {
                    _pumping = false;
                    return;
                }
            }

            await DeliverAsync(envelope);
        }
    }

    private async Task DeliverAsync(Envelope envelope)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await ForwardAsync(envelope);
                return;
            }
            catch (RpcException exception) when (exception.StatusCode is not (StatusCode.Unavailable or StatusCode.DeadlineExceeded))
            {
                // containerd has an opinion about this event; it will not change.
                ServiceLog.EventRefused(_logger, exception, envelope.Topic);
                return;
            }
            catch (Exception exception) when (exception is RpcException or IOException or TimeoutException)
            {
                await DisconnectAsync();
                if (attempt > MaxAttempts)
                {
                    ServiceLog.EventDropped(_logger, envelope.Topic, exception.Message);
                    return;
                }
            }

            // A connection from before a restart of containerd fails at once: the first retry comes without a pause.
            await Task.Delay(TimeSpan.FromSeconds(attempt - 1), _clock);
        }
    }

    private async Task ForwardAsync(Envelope envelope)
    {
        _channel ??= await TtrpcChannel.ConnectAsync(_address!, new TtrpcChannelOptions { ConnectTimeout = CallTimeout });
        var options = new CallOptions(_headers, _clock.GetUtcNow().UtcDateTime + CallTimeout);
        await _channel.CallAsync(EventsApi.Methods.Forward, new ForwardRequest { Envelope = envelope }, options);
    }

    private async Task DisconnectAsync()
    {
        if (_channel is not null)
            await _channel.DisposeAsync();
        _channel = null;
    }
}
