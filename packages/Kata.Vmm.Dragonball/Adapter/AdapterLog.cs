using Microsoft.Extensions.Logging;

namespace Kata.Vmm.Dragonball.Adapter;

/// <summary>What the hypervisor <c>dragonball</c> logs; the VMM itself has its own catalogue.</summary>
internal static partial class AdapterLog
{
    [LoggerMessage(1, LogLevel.Information, "The VM runs in this process ({Vcpus} vCPUs, {Mib} MiB), started in {Milliseconds:0} ms.")]
    public static partial void Started(ILogger logger, int vcpus, ulong mib, double milliseconds);

    [LoggerMessage(2, LogLevel.Debug, "console: {Line}")]
    public static partial void Console(ILogger logger, string line);

    [LoggerMessage(3, LogLevel.Debug, "console: {Count} lines were too many for one second and are not logged.")]
    public static partial void ConsoleLinesDropped(ILogger logger, int count);

    [LoggerMessage(4, LogLevel.Debug, "Device {Device} will be there at boot.")]
    public static partial void Added(ILogger logger, string device);

    [LoggerMessage(5, LogLevel.Warning, "This host may not do for VMs: {Problem}")]
    public static partial void HostFinding(ILogger logger, string problem);
}
