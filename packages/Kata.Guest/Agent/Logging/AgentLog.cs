using Kata.Ttrpc;
using Microsoft.Extensions.Logging;

namespace Kata.Guest.Agent.Logging;

/// <summary>What the agent logs. Ids are never reused.</summary>
internal static partial class AgentLog
{
    [LoggerMessage(1, LogLevel.Information, "agent {Version} listens on {Address} {UptimeMs} ms after the kernel started")]
    public static partial void Listening(this ILogger log, string version, TtrpcAddress address, long uptimeMs);

    [LoggerMessage(2, LogLevel.Information, "guest ready {UptimeMs} ms after the kernel started")]
    public static partial void Ready(this ILogger log, long uptimeMs);

    [LoggerMessage(3, LogLevel.Critical, "the agent cannot go on")]
    public static partial void Fatal(this ILogger log, Exception error);

    [LoggerMessage(4, LogLevel.Warning, "the boot step '{Step}' failed")]
    public static partial void BootStepFailed(this ILogger log, string step, Exception error);

    [LoggerMessage(5, LogLevel.Warning, "the module {Module} was not loaded")]
    public static partial void ModuleNotLoaded(this ILogger log, string module, Exception error);

    [LoggerMessage(6, LogLevel.Debug, "module {Module} loaded")]
    public static partial void ModuleLoaded(this ILogger log, string module);

    [LoggerMessage(7, LogLevel.Information, "power off: {Reason}")]
    public static partial void PowerOff(this ILogger log, string reason);

    [LoggerMessage(10, LogLevel.Information, "sandbox {Sandbox} created, host name {HostName}")]
    public static partial void SandboxCreated(this ILogger log, string sandbox, string hostName);

    [LoggerMessage(11, LogLevel.Information, "container {Container} created, pid {Pid}")]
    public static partial void ContainerCreated(this ILogger log, string container, int pid);

    [LoggerMessage(12, LogLevel.Debug, "process {Exec} started in container {Container}, pid {Pid}")]
    public static partial void ProcessStarted(this ILogger log, string container, string exec, int pid);

    [LoggerMessage(13, LogLevel.Debug, "process {Exec} of container {Container} ended with {Status}")]
    public static partial void ProcessEnded(this ILogger log, string container, string exec, int status);

    [LoggerMessage(14, LogLevel.Information, "container {Container} removed")]
    public static partial void ContainerRemoved(this ILogger log, string container);

    [LoggerMessage(15, LogLevel.Warning, "a step of the removal of container {Container} failed")]
    public static partial void RemovalStepFailed(this ILogger log, string container, Exception error);

    [LoggerMessage(16, LogLevel.Warning, "container {Container} ran out of memory: {Kills} processes killed so far")]
    public static partial void OutOfMemory(this ILogger log, string container, ulong kills);

    [LoggerMessage(17, LogLevel.Debug, "the log of the OCI runtime, {File}, cannot be read")]
    public static partial void RuntimeLogUnreadable(this ILogger log, string file, Exception error);

    [LoggerMessage(18, LogLevel.Debug, "the OCI runtime's {Command} took {Milliseconds} ms")]
    public static partial void RuntimeStep(this ILogger log, string command, double milliseconds);

    [LoggerMessage(20, LogLevel.Debug, "{Driver} storage '{Source}' mounted on {MountPoint}")]
    public static partial void StorageMounted(this ILogger log, string driver, string source, string mountPoint);

    [LoggerMessage(21, LogLevel.Warning, "the storage on {MountPoint} was not removed")]
    public static partial void StorageNotRemoved(this ILogger log, string mountPoint, Exception error);

    [LoggerMessage(31, LogLevel.Warning, "{Rpc} failed: {Reason}")]
    public static partial void RequestRefused(this ILogger log, string rpc, string reason);

    [LoggerMessage(32, LogLevel.Error, "{Rpc} failed")]
    public static partial void RequestFailed(this ILogger log, string rpc, Exception error);

    [LoggerMessage(33, LogLevel.Warning, "the log connection ended")]
    public static partial void LogConnectionEnded(this ILogger log, Exception error);
}
