using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Kata.Virtio.Tests.Support;

/// <summary>Keeps log lines for assertions, and shows them when a test fails.</summary>
internal sealed class RecordingLogger(LogLevel minimum = LogLevel.Information) : ILogger
{
    private readonly ConcurrentQueue<string> _lines = new();

    public IReadOnlyCollection<string> Lines => _lines;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= minimum;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (IsEnabled(logLevel))
            _lines.Enqueue($"{logLevel}: {formatter(state, exception)}");
    }

    public override string ToString() => string.Join(Environment.NewLine, _lines);
}
