using Microsoft.Extensions.Logging;

namespace Kata.Shim.Runtime;

internal static partial class RuntimeLog
{
    [LoggerMessage(100, LogLevel.Information, "Phase {Phase} took {Ms} ms")]
    internal static partial void Phase(ILogger logger, string phase, long ms);

    [LoggerMessage(101, LogLevel.Information, "VM of hypervisor {Hypervisor} runs as process {Pid}")]
    internal static partial void VmRuns(ILogger logger, string hypervisor, int pid);

    [LoggerMessage(102, LogLevel.Error, "Sandbox lost: {Reason}")]
    internal static partial void SandboxLost(ILogger logger, string reason);

    [LoggerMessage(103, LogLevel.Warning, "{Action} failed")]
    internal static partial void CleanUpFailed(ILogger logger, Exception exception, string action);

    [LoggerMessage(104, LogLevel.Information, "{Process} exited with status {Status}")]
    internal static partial void Exited(ILogger logger, string process, uint status);

    [LoggerMessage(105, LogLevel.Warning, "The exit status of {Process} is unknown and reported as {Status}")]
    internal static partial void ExitUnknown(ILogger logger, Exception exception, string process, uint status);

    [LoggerMessage(106, LogLevel.Warning, "{Warning}")]
    internal static partial void ConfigurationWarning(ILogger logger, string warning);

    [LoggerMessage(107, LogLevel.Warning, "Container {Container} ran out of memory")]
    internal static partial void OutOfMemory(ILogger logger, string container);

    [LoggerMessage(108, LogLevel.Information, "Container {Container} started")]
    internal static partial void ContainerStarted(ILogger logger, string container);

    [LoggerMessage(109, LogLevel.Information, "Creating {Container} failed; everything taken for it is given back")]
    internal static partial void CreateFailed(ILogger logger, Exception exception, string container);

    [LoggerMessage(110, LogLevel.Warning, "keep_abnormal is set: the failed sandbox stays as it is, see {Directory}")]
    internal static partial void KeptAbnormal(ILogger logger, string directory);
}
