using Grpc.Core;
using Kata.EndToEnd.Tests.Api;
using Kata.EndToEnd.Tests.Api.Events;

namespace Kata.EndToEnd.Tests.Harness;

/// <summary>Collects the task events containerd hands out, in order.</summary>
internal sealed class EventLog(ContainerdClient client) : IAsyncDisposable
{
    private readonly Lock _lock = new();
    private readonly List<TaskEvent> _events = [];
    private AsyncServerStreamingCall<Envelope>? _call;
    private Task _reader = Task.CompletedTask;

    public async Task SubscribeAsync()
    {
        await DisposeAsync();
        var request = new SubscribeRequest();
        request.Filters.Add("topic~=\"^/tasks/\"");
        _call = client.Events.Subscribe(request);
        // containerd sends headers once the subscription is in place.
        _reader = ReadAsync(_call);
    }

    public IReadOnlyList<TaskEvent> Of(string containerId)
    {
        lock (_lock)
            return [.. _events.Where(e => e.ContainerId == containerId)];
    }

    /// <summary>Waits until the container has published an event of the topic.</summary>
    public Task<TaskEvent> WaitForAsync(string containerId, string topic) => Eventually.GetAsync(
        () => Of(containerId).FirstOrDefault(e => e.Topic == topic),
        $"event {topic} of {containerId}");

    public async ValueTask DisposeAsync()
    {
        _call?.Dispose();
        await _reader;
    }

    private async Task ReadAsync(AsyncServerStreamingCall<Envelope> call)
    {
        try
        {
            while (await call.ResponseStream.MoveNext(CancellationToken.None))
            {
                var e = TaskEvent.From(call.ResponseStream.Current);
                lock (_lock)
                    _events.Add(e);
            }
        }
        catch (RpcException)
        {
            // containerd went away or the log was disposed; SubscribeAsync starts anew.
        }
    }
}
