using Microsoft.Extensions.Logging;

namespace Kata.Vmm.Dragonball.Tests.Guests;

/// <summary>Holds the thread that logs a certain event until it is released, as slow storage would hold it.</summary>
internal sealed class HangingLogger(string eventName) : ILogger, IDisposable
{
    private readonly ManualResetEventSlim _released = new();

    /// <summary>Set when a thread hangs here.</summary>
    public ManualResetEventSlim Hangs { get; } = new();

    public void Release() => _released.Set();

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (eventId.Name != eventName)
            return;
        Hangs.Set();
        _released.Wait();
    }

    public void Dispose()
    {
        _released.Dispose();
        Hangs.Dispose();
    }
}
