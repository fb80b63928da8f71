using Google.Protobuf;

namespace Kata.Protocols;

/// <summary>A message that travels inside an <see cref="Google.Protobuf.WellKnownTypes.Any"/> and therefore knows its full name
/// without loading the protobuf descriptors.</summary>
public interface INamedMessage : IMessage
{
    /// <summary>The full protobuf name, such as <c>containerd.events.TaskExit</c>.</summary>
    static abstract string TypeName { get; }
}
