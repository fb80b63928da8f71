namespace Kata.Virtio.Events;

/// <summary>The one thing that an event loop runs, besides its descriptors: work left over, deadlines and rest.</summary>
internal interface IEventLoopClient
{
    /// <summary>
    /// Continues work that was cut short for fairness; called after every round of events. True when there is still more.
    /// </summary>
    bool Continue();

    /// <summary>
    /// When <see cref="OnDeadline"/> is due, in <see cref="Environment.TickCount64"/>; <see cref="long.MaxValue"/> for never.
    /// </summary>
    long Deadline { get; }

    void OnDeadline(long now);

    /// <summary>
    /// Nothing has happened for <see cref="EventLoop.IdleAfterMilliseconds"/>. Called once until something happens again.
    /// </summary>
    void OnIdle();
}
