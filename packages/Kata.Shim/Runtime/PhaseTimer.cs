using System.Diagnostics;
using Microsoft.Extensions.Logging;

namespace Kata.Shim.Runtime;

/// <summary>Logs how long each step of a start took, one line per step.</summary>
internal sealed class PhaseTimer(ILogger logger)
{
    private long _last = Stopwatch.GetTimestamp();

    /// <summary>The step that began with the previous call, or with this object, is over.</summary>
    internal void Completed(string phase)
    {
        var now = Stopwatch.GetTimestamp();
        RuntimeLog.Phase(logger, phase, (long)Stopwatch.GetElapsedTime(_last, now).TotalMilliseconds);
        _last = now;
    }
}
