using Microsoft.Extensions.Logging;

namespace Kata.Shim.Hosting;

internal static partial class HostLog
{
    [LoggerMessage(1, LogLevel.Information, "Shim {Version} serves {Socket} as process {Pid}")]
    internal static partial void Serving(ILogger logger, string version, string socket, int pid);

    [LoggerMessage(2, LogLevel.Information, "Shim ends: {Reason}")]
    internal static partial void Ending(ILogger logger, string reason);

    [LoggerMessage(3, LogLevel.Warning, "Unknown flag {Flag} is ignored")]
    internal static partial void UnknownFlag(ILogger logger, string flag);

    [LoggerMessage(4, LogLevel.Information, "Removing what shim process {DaemonPid} and VM process {VmPid} left behind")]
    internal static partial void CleaningUp(ILogger logger, int daemonPid, int vmPid);

    [LoggerMessage(5, LogLevel.Critical, "Defect")]
    internal static partial void Defect(ILogger logger, Exception exception);
}
