using Kata.Linux;

namespace Kata.Virtio.Events;

/// <summary>Receives the events of one descriptor, on the loop's thread.</summary>
internal interface IEventHandler
{
    /// <param name="token">What was given at registration: tells a handler's descriptors apart.</param>
    void OnEvents(EpollEvents events, int token);
}
