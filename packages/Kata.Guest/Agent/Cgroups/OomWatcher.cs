using System.Threading.Channels;
using Kata.Guest.Agent.Logging;
using Kata.Guest.Agent.Streams;
using Kata.Linux;
using Microsoft.Extensions.Logging;
using Microsoft.Win32.SafeHandles;

namespace Kata.Guest.Agent.Cgroups;

/// <summary>Reports the containers in which the kernel killed a process for lack of memory.</summary>
internal sealed class OomWatcher
{
    // Nobody reading them, events are no more than a sign that there were some.
    private const int MostEvents = 128;

    private readonly Channel<string> _events =
        Channel.CreateBounded<string>(new BoundedChannelOptions(MostEvents) { FullMode = BoundedChannelFullMode.DropOldest });

    private readonly ReadinessPoller _poller;
    private readonly ILogger _log;

    public OomWatcher(ReadinessPoller poller, ILogger log)
    {
        _poller = poller;
        _log = log;
    }

    /// <summary>Waits for the next event: the id of a container.</summary>
    public ValueTask<string> NextAsync(CancellationToken cancellationToken) => _events.Reader.ReadAsync(cancellationToken);

    /// <summary>Starts to watch a container's cgroup; dispose to end. Null when its kernel does not count memory.</summary>
    public IDisposable? Watch(string containerId, ContainerCgroup cgroup)
    {
        if (cgroup.OpenMemoryEvents() is not { } events)
            return null;
        var watch = new Watched(this, containerId, events);
        _ = watch.RunAsync();
        return watch;
    }

    private sealed class Watched : IDisposable
    {
        private readonly OomWatcher _owner;
        private readonly string _containerId;
        private readonly SafeFileHandle _events;
        private readonly Readiness _readiness;
        private readonly CancellationTokenSource _stopped = new();
        private ulong _kills;

        public Watched(OomWatcher owner, string containerId, SafeFileHandle events)
        {
            _owner = owner;
            _containerId = containerId;
            _events = events;
            _readiness = owner._poller.Watch(events);
        }

        public async Task RunAsync()
        {
            try
            {
                while (!_stopped.IsCancellationRequested)
                {
                    // Reading also tells the kernel which change was seen last.
                    Report(ContainerCgroup.OomKills(_events));
                    await _readiness.WaitAsync(EpollEvents.Priority, _stopped.Token);
                }
            }
            catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException)
            {
                // ENODEV: the cgroup is gone, and with it the container.
            }
        }

        public void Dispose()
        {
            _stopped.Cancel();
            _readiness.Dispose();
            _events.Dispose();
            _stopped.Dispose();
        }

        private void Report(ulong kills)
        {
            if (kills <= _kills)
                return;
            _kills = kills;
            _owner._log.OutOfMemory(_containerId, kills);
            _owner._events.Writer.TryWrite(_containerId);
        }
    }
}
