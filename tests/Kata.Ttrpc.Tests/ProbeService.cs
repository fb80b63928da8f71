using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Kata.Ttrpc.Tests.Probing;

namespace Kata.Ttrpc.Tests;

/// <summary>The probe service; a test replaces the handlers it is about.</summary>
internal sealed class ProbeService : Probe.ProbeBase
{
    public const string Name = "kata.probe.Probe";

    public Func<StringValue, ServerCallContext, Task<StringValue>> OnEcho { get; init; } = (request, _) => Task.FromResult(request);

    public Func<Empty, ServerCallContext, Task<Empty>> OnWait { get; init; } = WaitForEverAsync;

    public Func<IAsyncStreamReader<Int64Value>, ServerCallContext, Task<Int64Value>> OnSum { get; init; } = SumAsync;

    public Func<Int64Value, IServerStreamWriter<Int64Value>, ServerCallContext, Task> OnCount { get; init; } = CountAsync;

    public Func<IAsyncStreamReader<StringValue>, IServerStreamWriter<StringValue>, ServerCallContext, Task> OnChat { get; init; } = ChatAsync;

    public static TtrpcPair CreatePair(
        ProbeService? service = null, TtrpcServerOptions? serverOptions = null, TtrpcChannelOptions? channelOptions = null) =>
        TtrpcPair.Create(binder => Probe.BindService(binder, service ?? new ProbeService()), serverOptions, channelOptions);

    public static TtrpcServer CreateServer(ProbeService? service = null, TtrpcServerOptions? options = null)
    {
        var server = new TtrpcServer(options);
        Probe.BindService(server.Services, service ?? new ProbeService());
        return server;
    }

    public override Task<StringValue> Echo(StringValue request, ServerCallContext context) => OnEcho(request, context);

    public override Task<Empty> Fail(Int32Value request, ServerCallContext context) =>
        throw new RpcException(new Status((StatusCode)request.Value, $"failed with {request.Value}"));

    public override Task<StringValue> Header(StringValue request, ServerCallContext context) =>
        Task.FromResult(new StringValue { Value = string.Join(',', context.RequestHeaders.GetAll(request.Value).Select(entry => entry.Value)) });

    public override Task<Int64Value> Remaining(Empty request, ServerCallContext context)
    {
        var left = context.Deadline == DateTime.MaxValue ? TimeSpan.Zero : context.Deadline - DateTime.UtcNow;
        return Task.FromResult(new Int64Value { Value = left.Ticks * TimeSpan.NanosecondsPerTick });
    }

    public override Task<Empty> Wait(Empty request, ServerCallContext context) => OnWait(request, context);

    public override Task<Int64Value> Sum(IAsyncStreamReader<Int64Value> requests, ServerCallContext context) => OnSum(requests, context);

    public override Task Count(Int64Value request, IServerStreamWriter<Int64Value> responses, ServerCallContext context) =>
        OnCount(request, responses, context);

    public override Task Chat(IAsyncStreamReader<StringValue> requests, IServerStreamWriter<StringValue> responses, ServerCallContext context) =>
        OnChat(requests, responses, context);

    private static async Task<Empty> WaitForEverAsync(Empty request, ServerCallContext context)
    {
        await Task.Delay(Timeout.Infinite, context.CancellationToken);
        return request;
    }

    private static async Task<Int64Value> SumAsync(IAsyncStreamReader<Int64Value> requests, ServerCallContext context)
    {
        var sum = 0L;
        while (await requests.MoveNext())
            sum += requests.Current.Value;
        return new Int64Value { Value = sum };
    }

    private static async Task CountAsync(Int64Value request, IServerStreamWriter<Int64Value> responses, ServerCallContext context)
    {
        for (var i = 1L; i <= request.Value; i++)
            await responses.WriteAsync(new Int64Value { Value = i });
    }

    private static async Task ChatAsync(
        IAsyncStreamReader<StringValue> requests, IServerStreamWriter<StringValue> responses, ServerCallContext context)
    {
        while (await requests.MoveNext())
            await responses.WriteAsync(requests.Current);
    }
}
