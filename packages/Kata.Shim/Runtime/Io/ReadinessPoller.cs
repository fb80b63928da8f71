using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using Kata.Linux;

namespace Kata.Shim.Runtime.Io;

/// <summary>One thread that waits for all fifos and pipes of the shim that have nothing to give, or no room, at the moment.</summary>
[SuppressMessage("Design", "CA1001", Justification = "There is one, for the whole life of the process.")]
internal sealed class ReadinessPoller
{
    private const int StackSize = 64 * 1024;

    private static readonly Lazy<ReadinessPoller> LazyShared = new(() => new ReadinessPoller());

    private readonly Epoll _epoll = new();
    private readonly ConcurrentDictionary<ulong, Readiness> _watched = new();
    private ulong _lastToken;

    private ReadinessPoller() => new Thread(Run, StackSize) { IsBackground = true, Name = "kata-io" }.Start();

    /// <summary>The poller of this process; its thread starts with the first use.</summary>
    internal static ReadinessPoller Shared => LazyShared.Value;

    /// <summary>Prepares waiting for a fifo or pipe; null for a file that is always ready.</summary>
    internal Readiness? TryWatch(SafeHandle descriptor)
    {
        var readiness = new Readiness(this, descriptor, Interlocked.Increment(ref _lastToken));
        _watched[readiness.Token] = readiness;
        try
        {
            _epoll.Add(descriptor, EpollEvents.OneShot, readiness.Token);
            return readiness;
        }
        catch (LinuxException exception) when (exception.Errno == Errno.EPERM)
        {
            // epoll(7) refuses regular files and directories.
            _watched.TryRemove(readiness.Token, out _);
            return null;
        }
    }

    internal void Arm(Readiness readiness, EpollEvents events) =>
        _epoll.Modify(readiness.Descriptor, events | EpollEvents.OneShot, readiness.Token);

    internal void Forget(Readiness readiness)
    {
        if (_watched.TryRemove(readiness.Token, out _))
            _epoll.Remove(readiness.Descriptor);
    }

    private void Run()
    {
        while (true)
        {
            if (_epoll.Wait(Timeout.Infinite, out _, out var token) && _watched.TryGetValue(token, out var readiness))
                readiness.Signal();
        }
    }
}
