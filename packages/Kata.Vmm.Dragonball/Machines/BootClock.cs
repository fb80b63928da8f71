using System.Diagnostics;

namespace Kata.Vmm.Dragonball.Machines;

/// <summary>Notes when a machine reached what. From any thread.</summary>
internal sealed class BootClock
{
    private readonly long[] _timestamps = new long[(int)BootMilestone.Ended + 1];
    private long _start;

    /// <summary>The beginning of time.</summary>
    public void Start() => _start = Stopwatch.GetTimestamp();

    /// <summary>Notes a milestone, the first time it comes.</summary>
    public void Reach(BootMilestone milestone) =>
        Interlocked.CompareExchange(ref _timestamps[(int)milestone], Stopwatch.GetTimestamp(), 0);

    /// <summary>What has been reached.</summary>
    public MicroVmTimeline Read() => new(
        Get(BootMilestone.MemoryReady), Get(BootMilestone.DevicesReady), Get(BootMilestone.KernelLoaded), Get(BootMilestone.Running),
        Get(BootMilestone.FirstConsoleByte), Get(BootMilestone.Ended));

    private TimeSpan? Get(BootMilestone milestone) =>
        Volatile.Read(ref _timestamps[(int)milestone]) is var timestamp and not 0 ? Stopwatch.GetElapsedTime(_start, timestamp) : null;
}
