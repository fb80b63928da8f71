namespace Kata.Shim.Runtime;

/// <summary>Where a process is in its life. The order is containerd's.</summary>
internal enum ProcessStatus
{
    /// <summary>Exists and does not run yet.</summary>
    Created = 1,

    /// <summary>Runs.</summary>
    Running = 2,

    /// <summary>Ended.</summary>
    Stopped = 3,

    /// <summary>Frozen.</summary>
    Paused = 4,

    /// <summary>Being frozen.</summary>
    Pausing = 5,
}
