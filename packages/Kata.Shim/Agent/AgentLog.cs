using Kata.Ttrpc;
using Microsoft.Extensions.Logging;

namespace Kata.Shim.Agent;

/// <summary>Log messages of the agent client.</summary>
internal static partial class AgentLog
{
    [LoggerMessage(2000, LogLevel.Information, "Agent answers at {Address} (attempt {Attempt}, {Milliseconds} ms)")]
    public static partial void Connected(ILogger logger, TtrpcAddress address, int attempt, long milliseconds);

    [LoggerMessage(2001, LogLevel.Debug, "The agent offers no log stream: {Reason}")]
    public static partial void NoLogStream(ILogger logger, string reason);
}
