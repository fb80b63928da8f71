namespace Kata.Guest.Image;

/// <summary>The guest image cannot be made; the message is one sentence for the person who asked for it.</summary>
internal sealed class GuestImageException(string message, Exception? inner = null) : Exception(message, inner);
