namespace Kata.Protocols.Containerd.Events;

/// <summary>An event a shim publishes.</summary>
public interface ITaskEvent : INamedMessage
{
    /// <summary>The topic of the envelope, such as <c>/tasks/exit</c>.</summary>
    static abstract string Topic { get; }
}
