using Microsoft.Extensions.Logging;

namespace Kata.Hypervisors.External.Tests.Support;

/// <summary>Keeps what is logged and lets a test wait for a line.</summary>
internal sealed class RecordingLogger : ILogger
{
    private readonly Lock _gate = new();
    private readonly List<string> _lines = [];
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public IReadOnlyList<string> Lines
    {
        get
        {
            lock (_gate)
                return [.. _lines];
        }
    }

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        lock (_gate)
        {
            _lines.Add(formatter(state, exception));
            _changed.TrySetResult();
            _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    /// <summary>The first line, from <paramref name="from"/> on, that contains a text.</summary>
    public async Task<string> WaitForAsync(string text, CancellationToken cancellationToken, int from = 0)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(TimeSpan.FromSeconds(120));
        while (true)
        {
            Task changed;
            lock (_gate)
            {
                if (_lines.Skip(from).FirstOrDefault(line => line.Contains(text, StringComparison.Ordinal)) is { } found)
                    return found;
                changed = _changed.Task;
            }

            try
            {
                await changed.WaitAsync(timeout.Token);
            }
            catch (OperationCanceledException)
            {
                Assert.Fail($"No line with '{text}'; the last ones were:\n{string.Join('\n', Lines.TakeLast(40))}");
            }
        }
    }
}
