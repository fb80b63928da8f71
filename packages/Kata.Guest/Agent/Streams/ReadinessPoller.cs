using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using Kata.Linux;
using Microsoft.Win32.SafeHandles;

namespace Kata.Guest.Agent.Streams;

/// <summary>One thread that waits for all descriptors of the agent that have nothing to give or no room yet.</summary>
internal sealed class ReadinessPoller : IDisposable
{
    private const int StackSize = 64 * 1024;

    private readonly Epoll _epoll = new();
    private readonly ConcurrentDictionary<ulong, Readiness> _watched = new();
    private readonly SafeFileHandle _wake = FileDescriptors.EventFd();
    private ulong _lastToken;
    private volatile bool _stopping;

    public ReadinessPoller()
    {
        _epoll.Add(_wake, EpollEvents.Readable, token: 0);
        new Thread(Run, StackSize) { IsBackground = true, Name = "agent-poller" }.Start();
    }

    /// <summary>Prepares waiting for a descriptor: a pipe, terminal, socket or cgroup event file, each open file once.</summary>
    public Readiness Watch(SafeHandle descriptor)
    {
        var readiness = new Readiness(this, descriptor, Interlocked.Increment(ref _lastToken));
        _watched[readiness.Token] = readiness;
        _epoll.Add(descriptor, EpollEvents.OneShot, readiness.Token);
        return readiness;
    }

    /// <summary>Ends the thread. What was watched is not reported any more.</summary>
    public void Dispose()
    {
        _stopping = true;
        FileDescriptors.Write(_wake, BitConverter.GetBytes(1UL));
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
        while (!_stopping)
        {
            if (_epoll.Wait(Timeout.Infinite, out _, out var token) && _watched.TryGetValue(token, out var readiness))
                readiness.Signal();
        }

        _epoll.Dispose();
        _wake.Dispose();
    }
}
