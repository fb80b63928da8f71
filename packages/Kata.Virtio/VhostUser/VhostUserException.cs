namespace Kata.Virtio.VhostUser;

/// <summary>The peer broke the protocol or is gone: the connection is closed, with the message as the reason.</summary>
internal sealed class VhostUserException(string message) : Exception(message);
