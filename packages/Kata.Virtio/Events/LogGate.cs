namespace Kata.Virtio.Events;

/// <summary>Lets one log line through per interval, for lines that a guest can cause at will.</summary>
internal struct LogGate
{
    private const long IntervalMilliseconds = 5000;

    private long _nextAt;
    private long _suppressed;

    /// <summary>True when a line may be written; <paramref name="suppressed"/> then counts those that were not.</summary>
    public bool TryPass(out long suppressed)
    {
        var now = Environment.TickCount64;
        suppressed = _suppressed;
        if (now < _nextAt)
        {
            _suppressed++;
            return false;
        }

        _nextAt = now + IntervalMilliseconds;
        _suppressed = 0;
        return true;
    }
}
