using System.Collections.Concurrent;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Kata.Protocols.Containerd.Events;
using Kata.Ttrpc;
using EventsService = Kata.Protocols.Containerd.Services.Events;

namespace Kata.Shim.Tests.Fakes;

/// <summary>containerd's side of event forwarding.</summary>
internal sealed class FakeContainerd : EventsService.EventsBase, IAsyncDisposable
{
    private readonly string _socketPath;
    private readonly SemaphoreSlim _arrived = new(0);
    private TtrpcServer _server;

    internal FakeContainerd(string socketPath)
    {
        _socketPath = socketPath;
        _server = Serve();
    }

    internal ConcurrentQueue<Envelope> Envelopes { get; } = new();

    /// <summary>Thrown instead of accepting, once.</summary>
    internal RpcException? Refusal { get; set; }

    /// <summary>Topic and ids of all events so far, e.g. <c>/tasks/exit c1 e1 137</c>.</summary>
    internal List<string> Summary => [.. Envelopes.Select(Summarize)];

    public override Task<Empty> Forward(ForwardRequest request, ServerCallContext context)
    {
        if (Refusal is { } refusal)
        {
            Refusal = null;
            throw refusal;
        }

        Envelopes.Enqueue(request.Envelope);
        _arrived.Release();
        return Task.FromResult(new Empty());
    }

    internal ValueTask StopAsync() => _server.DisposeAsync();

    internal void Restart() => _server = Serve();

    internal async Task WaitForAsync(Func<List<string>, bool> condition)
    {
        while (!condition(Summary))
            Assert.IsTrue(await _arrived.WaitAsync(TimeSpan.FromSeconds(20)), $"events so far: {string.Join(", ", Summary)}");
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _arrived.Dispose();
    }

    private static string Summarize(Envelope envelope)
    {
        T Read<T>()
            where T : IMessage<T>, new()
        {
            var message = new T();
            message.MergeFrom(envelope.Event.Value);
            return message;
        }

        return envelope.Event.TypeUrl switch
        {
            "containerd.events.TaskCreate" when Read<TaskCreate>() is var e => $"create {e.ContainerId}",
            "containerd.events.TaskStart" when Read<TaskStart>() is var e => $"start {e.ContainerId}",
            "containerd.events.TaskExit" when Read<TaskExit>() is var e => $"exit {e.ContainerId} {e.Id} {e.ExitStatus}",
            "containerd.events.TaskDelete" when Read<TaskDelete>() is var e => $"delete {e.ContainerId} {e.ExitStatus}",
            "containerd.events.TaskExecAdded" when Read<TaskExecAdded>() is var e => $"exec-added {e.ContainerId} {e.ExecId}",
            "containerd.events.TaskExecStarted" when Read<TaskExecStarted>() is var e => $"exec-started {e.ContainerId} {e.ExecId}",
            "containerd.events.TaskPaused" when Read<TaskPaused>() is var e => $"paused {e.ContainerId}",
            "containerd.events.TaskResumed" when Read<TaskResumed>() is var e => $"resumed {e.ContainerId}",
            "containerd.events.TaskOOM" when Read<TaskOOM>() is var e => $"oom {e.ContainerId}",
            var other => $"unknown {other}",
        };
    }

    private TtrpcServer Serve()
    {
        var server = new TtrpcServer();
        EventsService.BindService(server.Services, this);
        server.Listen(TtrpcAddress.Unix(_socketPath));
        return server;
    }
}
