namespace Kata.Abstractions;

/// <summary>What a VM can do, as far as the runtime has to know before boot.</summary>
[Flags]
public enum HypervisorCapabilities
{
    /// <summary>Nothing beyond booting.</summary>
    None = 0,

    /// <summary>Block devices at boot.</summary>
    BlockDevice = 1 << 0,

    /// <summary>Block devices while running.</summary>
    BlockDeviceHotplug = 1 << 1,

    /// <summary>Network devices while running.</summary>
    NetworkDeviceHotplug = 1 << 2,

    /// <summary>A shared file system served by a vhost-user process (<see cref="Devices.SharedFileSystemDevice.SocketPath"/>).</summary>
    SharedFileSystem = 1 << 3,

    /// <summary>A shared file system served inside the VMM (<see cref="Devices.SharedFileSystemDevice.HostPath"/>).</summary>
    InlineSharedFileSystem = 1 << 4,
}
