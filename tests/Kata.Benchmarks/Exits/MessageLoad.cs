using System.Diagnostics;
using Google.Protobuf;
using Kata.Protocols.Agent;
using Kata.Protocols.Agent.Oci;
using Process = Kata.Protocols.Agent.Oci.Process;

namespace Kata.Benchmarks.Exits;

/// <summary>A thread that reads messages of the agent's protocol at a steady rate, and watches the collections that this causes.</summary>
internal sealed class MessageLoad : IDisposable
{
    /// <summary>What lives as long as the sandbox: with these and the rest, about as much as in a shim with a container.</summary>
    private const int Settled = 256;

    private readonly byte[] _message = Request().ToByteArray();
    private readonly ExecProcessRequest[] _settled = new ExecProcessRequest[Settled];
    private readonly ExecProcessRequest[] _inFlight;
    private readonly long _bytesPerSecond;
    private readonly Thread _thread;
    private readonly List<(TimeSpan Pause, TimeSpan Displaced)> _pauses = new(64 * 1024);
    private volatile bool _isEnding;

    /// <param name="bytesPerSecond">What is allocated; 0 for nothing.</param>
    /// <param name="inFlight">How many messages live at a time, as those of requests that are not answered yet do: 2.5 KB each.</param>
    public MessageLoad(long bytesPerSecond, int inFlight)
    {
        _bytesPerSecond = bytesPerSecond;
        _inFlight = new ExecProcessRequest[inFlight];
        _thread = new Thread(Allocate) { IsBackground = true, Name = "load" };
        for (var i = 0; i < Settled; i++)
            _settled[i] = Read();
    }

    /// <summary>How long each collection stopped the process, and for how long of that at most its thread waited for a processor.</summary>
    public (TimeSpan Pause, TimeSpan Displaced)[] Pauses => [.. _pauses];

    public void Start() => _thread.Start();

    public void Stop()
    {
        _isEnding = true;
        _thread.Join();
    }

    public void Dispose() => GC.KeepAlive(_settled);

    private void Allocate()
    {
        using var delay = new RunDelay();
        var clock = Stopwatch.StartNew();
        var before = GC.GetAllocatedBytesForCurrentThread();
        var (collections, next) = (GC.CollectionCount(0), 0);
        while (!_isEnding)
        {
            var delayBefore = delay.Read();
            while (GC.GetAllocatedBytesForCurrentThread() - before < clock.Elapsed.TotalSeconds * _bytesPerSecond)
            {
                _inFlight[next++ % _inFlight.Length] = Read();
                if (GC.CollectionCount(0) == collections)
                    continue;
                collections = GC.CollectionCount(0);
                // It collected by itself: no other thread allocates.
                var pause = GC.GetGCMemoryInfo(GCKind.Any).PauseDurations[0];
                var delayAfter = delay.Read();
                _pauses.Add((pause, delayAfter - delayBefore < pause ? delayAfter - delayBefore : pause));
                delayBefore = delayAfter;
            }

            Thread.Sleep(1);
        }
    }

    private ExecProcessRequest Read() => ExecProcessRequest.Parser.ParseFrom(_message);

    private static ExecProcessRequest Request()
    {
        var process = new Process { Cwd = "/", User = new User { UID = 1000, GID = 1000 } };
        process.Args.Add(["/bin/sh", "-c", "exec sleep 1"]);
        for (var i = 0; i < 16; i++)
            process.Env.Add($"VARIABLE_{i}=a value of some length");
        return new ExecProcessRequest { ContainerId = new string('c', 64), ExecId = new string('e', 36), Process = process };
    }
}
