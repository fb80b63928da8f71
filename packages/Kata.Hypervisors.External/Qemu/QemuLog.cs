using Microsoft.Extensions.Logging;

namespace Kata.Hypervisors.External.Qemu;

/// <summary>Everything the QEMU driver logs.</summary>
internal static partial class QemuLog
{
    [LoggerMessage(1, LogLevel.Information, "QEMU runs without KVM, in software emulation: {Reason}.")]
    public static partial void SoftwareEmulation(ILogger logger, string reason);

    [LoggerMessage(2, LogLevel.Information, "The agent is reached through vhost-user-vsock in this process: {Reason}.")]
    public static partial void UserVsock(ILogger logger, string reason);

    [LoggerMessage(3, LogLevel.Debug, "Starting {Path} {Arguments}")]
    public static partial void Starting(ILogger logger, string path, string arguments);

    [LoggerMessage(4, LogLevel.Information, "QEMU {Pid} runs ({Machine}, {Accelerator}), started in {Milliseconds:0} ms.")]
    public static partial void Started(ILogger logger, int pid, string machine, string accelerator, double milliseconds);

    [LoggerMessage(5, LogLevel.Information, "QEMU {Pid} has ended: {Reason}, status {Status}. {Detail}")]
    public static partial void Ended(ILogger logger, int pid, Abstractions.VmExitReason reason, int status, string detail);

    [LoggerMessage(6, LogLevel.Warning, "QEMU did not end within {Seconds} s of being asked to; it is killed.")]
    public static partial void Killing(ILogger logger, double seconds);

    [LoggerMessage(7, LogLevel.Warning, "qemu: {Line}")]
    public static partial void StandardError(ILogger logger, string line);

    [LoggerMessage(8, LogLevel.Debug, "console: {Line}")]
    public static partial void Console(ILogger logger, string line);

    [LoggerMessage(9, LogLevel.Debug, "QEMU event {Name}")]
    public static partial void QmpEvent(ILogger logger, string name);

    [LoggerMessage(10, LogLevel.Error, "QEMU sent something that is not QMP: {Problem}")]
    public static partial void QmpProtocolError(ILogger logger, string problem);

    [LoggerMessage(11, LogLevel.Warning, "{What} of {Device} failed after an earlier error: {Problem}")]
    public static partial void UndoFailed(ILogger logger, string what, string device, string problem);

    [LoggerMessage(12, LogLevel.Debug, "Attached {Device} at {Address}")]
    public static partial void Attached(ILogger logger, string device, string address);
}
