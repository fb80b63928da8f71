using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using Kata.Linux;

namespace Kata.Ttrpc.Transport;

/// <summary>
/// Watches all ttrpc sockets of the process with two threads, leader and follower. The thread that gets an event may run the
/// handler or continuation it leads to by itself, without a hop to the thread pool, as long as the other one is waiting for the
/// next event; else the work goes to the thread pool. So however long foreign code takes or blocks, one thread always polls.
/// </summary>
[SuppressMessage("Design", "CA1001:Types that own disposable fields should be disposable", Justification = "Lives as long as the process.")]
internal sealed class SocketPoller
{
    private const int Threads = 2;

    private static readonly Lazy<SocketPoller> s_shared = new(() => new SocketPoller());

    private readonly Epoll _epoll = new();
    private readonly Lock _gate = new();
    private readonly Dictionary<ulong, IPollTarget> _targets = [];
    private ulong _lastToken;
    private int _waiting;

    private SocketPoller()
    {
        for (var i = 0; i < Threads; i++)
            new Thread(Run) { IsBackground = true, Name = "ttrpc" }.UnsafeStart();
    }

    public static SocketPoller Shared => s_shared.Value;

    /// <summary>Starts to watch for bytes to read. Events may come before this returns.</summary>
    /// <returns>A token for the other methods; never used again.</returns>
    public ulong Add(SafeHandle socket, IPollTarget target)
    {
        ulong token;
        lock (_gate)
        {
            token = ++_lastToken;
            _targets.Add(token, target);
        }

        try
        {
            _epoll.Add(socket, Events(false), token);
            return token;
        }
        catch
        {
            Forget(token);
            throw;
        }
    }

    /// <summary>Also watches, or stops to watch, for room to write.</summary>
    public void WatchWritable(SafeHandle socket, ulong token, bool watch) => _epoll.Modify(socket, Events(watch), token);

    /// <summary>Stops watching. A last event may still be on its way.</summary>
    public void Remove(SafeHandle socket, ulong token)
    {
        Forget(token);
        if (!socket.IsClosed)
            _epoll.Remove(socket);
    }

    // Edge triggered: re-arming would cost a system call per event. Room to write is watched only when it is missing,
    // because a unix socket reports it each time the peer reads something.
    private static EpollEvents Events(bool writable) =>
        EpollEvents.Readable | EpollEvents.ReadHangUp | EpollEvents.EdgeTriggered | (writable ? EpollEvents.Writable : EpollEvents.None);

    private void Forget(ulong token)
    {
        lock (_gate)
            _targets.Remove(token);
    }

    private void Run()
    {
        while (true)
        {
            Interlocked.Increment(ref _waiting);
            var ready = _epoll.Wait(Timeout.Infinite, out var events, out var token);
            Interlocked.Decrement(ref _waiting);
            if (!ready)
                continue;
            IPollTarget? target;
            lock (_gate)
                _targets.TryGetValue(token, out target);
            if (target?.OnReady(events) is { } work)
                Dispatch(work);
        }
    }

    private void Dispatch(IThreadPoolWorkItem work)
    {
        if (Volatile.Read(ref _waiting) > 0)
            work.Execute();
        else
            ThreadPool.UnsafeQueueUserWorkItem(work, preferLocal: false);
    }
}
