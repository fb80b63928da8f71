using System.Diagnostics;
using Google.Protobuf;
using Kata.Protocols.Agent;
using Kata.Protocols.Agent.Oci;
using Process = Kata.Protocols.Agent.Oci.Process;

namespace Kata.Benchmarks.Exits;

/// <summary>A thread that reads messages of the agent's protocol at a steady rate, and watches the collections that this causes.</summary>
internal sealed class MessageLoad
{
    /// <summary>Messages that live on, as those of requests in flight do.</summary>
    private const int Alive = 256;

    private readonly byte[] _message = Request().ToByteArray();
    private readonly ExecProcessRequest[] _alive = new ExecProcessRequest[Alive];
    private readonly long _bytesPerSecond;
    private readonly Thread _thread;
    private volatile bool _isEnding;

    private MessageLoad(long bytesPerSecond)
    {
        _bytesPerSecond = bytesPerSecond;
        _thread = new Thread(Allocate) { IsBackground = true, Name = "load" };
    }

    /// <summary>Allocated so far.</summary>
    public long AllocatedBytes { get; private set; }

    /// <summary>The longest pause of a collection.</summary>
    public TimeSpan LongestPause { get; private set; }

    public static MessageLoad Start(long bytesPerSecond)
    {
        var load = new MessageLoad(bytesPerSecond);
        load._thread.Start();
        return load;
    }

    public void Stop()
    {
        _isEnding = true;
        _thread.Join();
    }

    private void Allocate()
    {
        var clock = Stopwatch.StartNew();
        var before = GC.GetAllocatedBytesForCurrentThread();
        var (collections, next) = (GC.CollectionCount(0), 0);
        while (!_isEnding)
        {
            while (AllocatedBytes < clock.Elapsed.TotalSeconds * _bytesPerSecond)
            {
                _alive[next++ % Alive] = ExecProcessRequest.Parser.ParseFrom(_message);
                AllocatedBytes = GC.GetAllocatedBytesForCurrentThread() - before;
                if (GC.CollectionCount(0) != collections)
                {
                    collections = GC.CollectionCount(0);
                    LongestPause = new[] { LongestPause, GC.GetGCMemoryInfo(GCKind.Any).PauseDurations[0] }.Max();
                }
            }

            Thread.Sleep(1);
        }
    }

    private static ExecProcessRequest Request()
    {
        var process = new Process { Cwd = "/", User = new User { UID = 1000, GID = 1000 } };
        process.Args.Add(["/bin/sh", "-c", "exec sleep 1"]);
        for (var i = 0; i < 16; i++)
            process.Env.Add($"VARIABLE_{i}=a value of some length");
        return new ExecProcessRequest { ContainerId = new string('c', 64), ExecId = new string('e', 36), Process = process };
    }
}
