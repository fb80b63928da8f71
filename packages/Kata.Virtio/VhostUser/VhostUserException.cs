namespace Kata.Virtio.VhostUser;

/// <summary>The front end broke the protocol: its connection is closed, with the message as the reason.</summary>
internal sealed class VhostUserException(string message) : Exception(message);
