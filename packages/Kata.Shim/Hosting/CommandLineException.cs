namespace Kata.Shim.Hosting;

/// <summary>The command line cannot be used. The message is one line for the user.</summary>
internal sealed class CommandLineException(string message) : Exception(message);
