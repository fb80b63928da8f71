using Kata.Abstractions;
using Kata.Abstractions.Devices;
using Kata.Virtio;
using Microsoft.Extensions.Logging;

namespace Kata.Vmm.Dragonball.Adapter;

/// <content>Devices, all there at boot, and the machine made of them.</content>
internal sealed partial class DragonballHypervisor
{
    /// <summary>The names /dev/vda to /dev/vdz.</summary>
    private const int MostDisks = 26;

    /// <summary>What Kata's files ship as <c>virtio_fs_queue_size</c>.</summary>
    private const int DefaultFileSystemQueue = 1024;

    /// <summary>As all guests behind a hybrid vsock have it; it need not be unique on the host.</summary>
    private const uint GuestCid = 3;

    private readonly List<Device> _devices = [];

    private IEnumerable<SharedFileSystemDevice> SharedDirectories => _devices.OfType<SharedFileSystemDevice>();

    public ValueTask<AttachedDevice> AddDeviceAsync(Device device, CancellationToken cancellationToken)
    {
        if (_vm is not null)
            throw new NotSupportedByHypervisorException(DragonballProvider.ProviderName, $"adding device {device.Id} while it runs");
        if (_devices.Exists(other => other.Id == device.Id))
            throw new HypervisorException($"There is a device {device.Id} already.", null, KataErrorKind.AlreadyExists);
        GuestAddress address = device switch
        {
            BlockDevice => NextDisk(),
            NetworkDevice or SharedFileSystemDevice => new NoAddress(),
            _ => throw new NotSupportedByHypervisorException(DragonballProvider.ProviderName, $"devices like {device}"),
        };
        _devices.Add(device);
        AdapterLog.Added(context.Logger, device.Id);
        return ValueTask.FromResult(new AttachedDevice(device, address));
    }

    public ValueTask RemoveDeviceAsync(string deviceId, CancellationToken cancellationToken)
    {
        if (!_devices.Exists(device => device.Id == deviceId) || _exited.Task.IsCompleted)
            return ValueTask.CompletedTask;
        throw new NotSupportedByHypervisorException(
            DragonballProvider.ProviderName, $"removing device {deviceId}, which was there at boot");
    }

    private DeviceNodeAddress NextDisk()
    {
        var index = _devices.OfType<BlockDevice>().Count();
        return index < MostDisks
            ? new DeviceNodeAddress($"/dev/vd{(char)('a' + index)}")
            : throw new NotSupportedByHypervisorException(DragonballProvider.ProviderName, $"more than {MostDisks} disks");
    }

    private MicroVmOptions MakeOptions() => new()
    {
        KernelPath = Configuration.Kernel,
        InitrdPath = Configuration.Initrd.Length > 0 ? Configuration.Initrd : null,
        CommandLine = KataCommandLine.Build(Configuration),
        VcpuCount = Configuration.Vcpus,
        // A VM's memory is a multiple of 2 MiB.
        MemoryMib = checked((int)(Configuration.MemoryMib + (Configuration.MemoryMib & 1))),
        MemoryBacking = Configuration.HugePages ? MicroVmMemoryBacking.HugePages
            : Configuration.SharedMemory ? MicroVmMemoryBacking.Shared
            : MicroVmMemoryBacking.Anonymous,
        PrefaultMemory = Configuration.MemoryPrealloc,
        ConsoleOutput = context.Logger.IsEnabled(LogLevel.Debug) ? new ConsoleLog(context.Logger) : null,
        Vsock = new VirtioVsockOptions { HybridSocketPath = SocketPath, GuestCid = GuestCid, Logger = context.Logger },
        Disks = [.. _devices.OfType<BlockDevice>().Select(MakeDisk)],
        Networks = [.. _devices.OfType<NetworkDevice>().Select(MakeNetwork)],
        FileSystems = [.. SharedDirectories.Where(device => device.HostPath is not null).Select(MakeFileSystem)],
        VhostUserFileSystems = [.. SharedDirectories.Where(device => device.SocketPath is not null).Select(MakeVhostUserFileSystem)],
        NetworkNamespacePath = context.NetworkNamespacePath,
        Logger = context.Logger,
    };

    private VirtioBlockOptions MakeDisk(BlockDevice device) => new()
    {
        Path = device.HostPath,
        ReadOnly = device.ReadOnly,
        Direct = device.DirectIo,
        Serial = device.Serial,
        Logger = context.Logger,
    };

    private VirtioNetworkOptions MakeNetwork(NetworkDevice device) => new()
    {
        TapName = device.TapName,
        MacAddress = device.MacAddress,
        QueuePairs = device.QueuePairs,
        Logger = context.Logger,
    };

    private VirtioFileSystemOptions MakeFileSystem(SharedFileSystemDevice device) => new()
    {
        Path = device.HostPath,
        Tag = device.Tag,
        Cache = device.Cache switch
        {
            SharedFileSystemCache.Never => FileSystemCache.Never,
            SharedFileSystemCache.Always => FileSystemCache.Always,
            _ => FileSystemCache.Auto,
        },
        // As virtiofsd is run: images set them, and overlays keep theirs in them.
        ExtendedAttributes = true,
        QueueSize = device.QueueSize == 0 ? DefaultFileSystemQueue : device.QueueSize,
        Logger = context.Logger,
    };

    private VhostUserFileSystemOptions MakeVhostUserFileSystem(SharedFileSystemDevice device) => new()
    {
        SocketPath = device.SocketPath!,
        Tag = device.Tag,
        QueueSize = checked((ushort)(device.QueueSize == 0 ? DefaultFileSystemQueue : device.QueueSize)),
        Logger = context.Logger,
    };
}
