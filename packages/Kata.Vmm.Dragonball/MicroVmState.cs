namespace Kata.Vmm.Dragonball;

/// <summary>Where a microVM is in its life. It is never started twice.</summary>
public enum MicroVmState
{
    /// <summary>Checked; holds nothing of the host yet.</summary>
    Created,

    /// <summary>The guest runs.</summary>
    Running,

    /// <summary>The guest stands still; devices keep their state.</summary>
    Paused,

    /// <summary>It is over, and nothing of the host is held any more.</summary>
    Ended,
}
