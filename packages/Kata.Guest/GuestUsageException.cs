namespace Kata.Guest;

/// <summary>The command line makes no sense; the message is one sentence.</summary>
internal sealed class GuestUsageException(string message) : Exception(message);
