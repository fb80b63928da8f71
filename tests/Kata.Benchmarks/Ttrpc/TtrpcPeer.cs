using System.Diagnostics;
using System.Globalization;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Kata.Ttrpc;
using Kata.Ttrpc.Tests.Probing;

namespace Kata.Benchmarks.Ttrpc;

/// <summary>Our ends of the comparison, as processes of their own like Go's.</summary>
internal sealed class TtrpcPeer : Probe.ProbeBase
{
    public static Verb ServeVerb { get; } = new("ttrpc-serve", "PATH: the probe service (used by ttrpc)", ServeAsync);

    public static Verb LoadVerb { get; } = new("ttrpc-load", "PATH CALLS IN_FLIGHT: calls it (used by ttrpc)", LoadAsync);

    public override Task<StringValue> Echo(StringValue request, ServerCallContext context) => Task.FromResult(request);

    private static async Task<int> ServeAsync(string[] args)
    {
        var server = new TtrpcServer();
        Probe.BindService(server.Services, new TtrpcPeer());
        server.Listen(TtrpcAddress.Unix(args[0]));
        Console.WriteLine("ready");
        await Task.Delay(Timeout.Infinite);
        return 0;
    }

    private static async Task<int> LoadAsync(string[] args)
    {
        var (calls, inFlight) = (int.Parse(args[1], CultureInfo.InvariantCulture), int.Parse(args[2], CultureInfo.InvariantCulture));
        await using var channel = await TtrpcChannel.ConnectAsync(TtrpcAddress.Unix(args[0]));
        var client = new Probe.ProbeClient(channel);
        var latencies = new long[calls];
        var start = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, inFlight).Select(async worker =>
        {
            for (var i = worker; i < calls; i += inFlight)
            {
                var begin = Stopwatch.GetTimestamp();
                await client.EchoAsync(new StringValue { Value = "hello from the probe" });
                latencies[i] = Stopwatch.GetTimestamp() - begin;
            }
        }));
        var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        Array.Sort(latencies);
        var nanoseconds = 1e9 / Stopwatch.Frequency;
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{calls / seconds:0.0} {latencies[calls / 2] * nanoseconds:0} {latencies[calls * 99 / 100] * nanoseconds:0}"));
        return 0;
    }
}
