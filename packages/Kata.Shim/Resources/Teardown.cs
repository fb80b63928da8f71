using Microsoft.Extensions.Logging;

namespace Kata.Shim.Resources;

/// <summary>Steps that undo what was done, to be run in reverse. Each is tried whatever the others did; failures are logged.</summary>
internal sealed class Teardown(ILogger logger) : IAsyncDisposable
{
    private readonly Stack<(string What, Func<ValueTask> Step)> _steps = new();

    /// <summary>Adds a step.</summary>
    /// <param name="what">What it removes, for the log.</param>
    /// <param name="step">The step.</param>
    public void Push(string what, Func<ValueTask> step) => _steps.Push((what, step));

    /// <inheritdoc cref="Push(string, Func{ValueTask})"/>
    public void Push(string what, Action step) => Push(what, () =>
    {
        step();
        return ValueTask.CompletedTask;
    });

    /// <summary>Runs the steps, the latest first. A second call does nothing.</summary>
    public async ValueTask DisposeAsync()
    {
        while (_steps.TryPop(out var entry))
        {
            try
            {
                await entry.Step().ConfigureAwait(false);
            }
#pragma warning disable CA1031 // One step that fails must not stop the others.
            catch (Exception exception)
#pragma warning restore CA1031
            {
                ResourcesLog.TeardownFailed(logger, entry.What, exception);
            }
        }
    }
}
