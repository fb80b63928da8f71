using Microsoft.Extensions.Logging;

namespace Kata.Shim.Resources;

/// <summary>Log messages of the sandbox's resources.</summary>
internal static partial class ResourcesLog
{
    [LoggerMessage(2100, LogLevel.Warning, "Could not remove {What}")]
    public static partial void TeardownFailed(ILogger logger, string what, Exception exception);

    [LoggerMessage(2101, LogLevel.Information, "virtiofsd: {Line}")]
    public static partial void DaemonLine(ILogger logger, string line);

    [LoggerMessage(2102, LogLevel.Debug, "Started {Path} as process {Pid} for {Directory}")]
    public static partial void DaemonStarted(ILogger logger, string path, int pid, string directory);

    [LoggerMessage(2103, LogLevel.Warning, "No cgroup is used for sandbox {SandboxId}: {Reason}")]
    public static partial void NoCgroup(ILogger logger, string sandboxId, string reason);

    [LoggerMessage(2104, LogLevel.Information, "Device {Path} ({Type} {Major}:{Minor}) is not passed to the guest; a node with these numbers is made there instead")]
    public static partial void DeviceSkipped(ILogger logger, string path, string type, long major, long minor);

    [LoggerMessage(2105, LogLevel.Warning, "Mount {Destination}: {Source} is a {Kind}; the guest sees it but nothing on the host can be reached through it")]
    public static partial void SpecialFile(ILogger logger, string destination, string source, string kind);

    [LoggerMessage(2106, LogLevel.Warning, "Hook {Path} of {Stage} failed: {Reason}")]
    public static partial void HookFailed(ILogger logger, string path, string stage, string reason);

    [LoggerMessage(2107, LogLevel.Information, "Interface {Interface} ({Addresses} addresses) reaches the guest through {Tap}")]
    public static partial void Connected(ILogger logger, string @interface, int addresses, string tap);

    [LoggerMessage(2108, LogLevel.Warning, "The container wants the host's network, which a VM cannot have; it gets no network")]
    public static partial void NoHostNetwork(ILogger logger);

    [LoggerMessage(2109, LogLevel.Warning, "{Path} is left in place: it holds something this runtime did not put there")]
    public static partial void LeftInPlace(ILogger logger, string path);

    [LoggerMessage(2110, LogLevel.Warning, "{Count} processes of the sandbox were still in {Cgroup} and were killed")]
    public static partial void LeftoverProcesses(ILogger logger, int count, string cgroup);
}
