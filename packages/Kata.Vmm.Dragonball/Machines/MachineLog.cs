using Microsoft.Extensions.Logging;

namespace Kata.Vmm.Dragonball.Machines;

internal static partial class MachineLog
{
    [LoggerMessage(100, LogLevel.Debug, "MicroVM made: {VcpuCount} vCPUs, {MemoryMib} MiB, {DeviceCount} virtio devices")]
    public static partial void Made(ILogger logger, int vcpuCount, int memoryMib, int deviceCount);

    [LoggerMessage(101, LogLevel.Debug, "MicroVM runs")]
    public static partial void Runs(ILogger logger);

    [LoggerMessage(102, LogLevel.Information, "MicroVM ended: {Reason}. {Detail}")]
    public static partial void Ended(ILogger logger, MicroVmExitReason reason, string detail);

    [LoggerMessage(103, LogLevel.Error, "Device {Device} failed; the guest's accesses to it hang or fail")]
    public static partial void DeviceFailed(ILogger logger, Exception exception, string device);

    [LoggerMessage(104, LogLevel.Error,
        "Devices did not end within {Grace}; memory and descriptors of the microVM stay taken until they do")]
    public static partial void DevicesHang(ILogger logger, TimeSpan grace);

    [LoggerMessage(105, LogLevel.Error, "Not everything of the microVM could be closed")]
    public static partial void NotClosed(ILogger logger, Exception exception);
}
