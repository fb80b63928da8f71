using Kata.Protocols.Containerd.Events;

namespace Kata.Shim.Runtime;

/// <summary>Where the runtime reports what happened. Events reach containerd in the order of the calls.</summary>
internal interface ITaskEvents
{
    /// <summary>Queues an event. Never waits.</summary>
    void Publish<T>(T taskEvent)
        where T : class, ITaskEvent;
}
