using System.Threading.Channels;
using Kata.Guest.Agent.Streams;
using Kata.Linux;
using Microsoft.Extensions.Logging;
using Microsoft.Win32.SafeHandles;

namespace Kata.Guest.Agent.Logging;

/// <summary>Gives the log to whoever connects to the log port, one reader at a time.</summary>
internal sealed class LogPort
{
    // A reader that does not read loses the oldest lines, not the agent's time.
    private const int MostPending = 1024;

    private readonly LogHub _hub;
    private readonly ReadinessPoller _poller;
    private readonly ILogger _log;

    public LogPort(LogHub hub, ReadinessPoller poller, ILogger log)
    {
        _hub = hub;
        _poller = poller;
        _log = log;
    }

    /// <summary>Serves readers of a listening socket until cancelled.</summary>
    public async Task RunAsync(SafeFileHandle listener, CancellationToken cancellationToken)
    {
        FileDescriptors.SetNonBlocking(listener, true);
        using var readiness = _poller.Watch(listener);
        while (!cancellationToken.IsCancellationRequested)
        {
            if (UnixSocket.Accept(listener) is { } connection)
                await ServeAsync(connection, cancellationToken);
            else
                await readiness.WaitAsync(EpollEvents.Readable, cancellationToken);
        }
    }

    private async Task ServeAsync(SafeFileHandle connection, CancellationToken cancellationToken)
    {
        var lines = Channel.CreateBounded<byte[]>(
            new BoundedChannelOptions(MostPending) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true });
        FileDescriptors.SetNonBlocking(connection, true);
        _hub.SetReader(line => lines.Writer.TryWrite(line));
        try
        {
            using var output = new ProcessInput(connection, _poller, isTerminal: false);
            await foreach (var line in lines.Reader.ReadAllAsync(cancellationToken))
                await output.WriteAsync(line, cancellationToken);
        }
        catch (LinuxException e)
        {
            _hub.SetReader(null);
            _log.LogConnectionEnded(e);
        }
        finally
        {
            _hub.SetReader(null);
        }
    }
}
