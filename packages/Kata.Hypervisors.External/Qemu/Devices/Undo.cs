using Microsoft.Extensions.Logging;

namespace Kata.Hypervisors.External.Qemu.Devices;

/// <summary>The steps back out of something made of several steps, last one first.</summary>
internal sealed class Undo(ILogger logger, string device)
{
    private readonly Stack<(string What, Func<Task> Step)> _steps = [];

    public void Push(string what, Func<Task> step) => _steps.Push((what, step));

    /// <summary>Goes back. A step that fails is logged; the others are still taken.</summary>
    public async Task RunAsync()
    {
        while (_steps.TryPop(out var entry))
        {
            try
            {
                await entry.Step();
            }
            catch (Abstractions.HypervisorException exception)
            {
                QemuLog.UndoFailed(logger, entry.What, device, exception.Message);
            }
        }
    }
}
