using Kata.Abstractions;
using Kata.Linux;
using Kata.Protocols.Oci;
using Microsoft.Extensions.Logging;
using AgentDevice = Kata.Protocols.Agent.Device;

namespace Kata.Shim.Resources.Devices;

/// <summary>Devices in a container's configuration: block devices go into the VM, for others the guest makes nodes with the same numbers.</summary>
internal sealed class ContainerDevices(GuestDisks disks, ILogger logger)
{
    /// <summary>Plugs the block devices.</summary>
    public async ValueTask<IReadOnlyList<AgentDevice>> AddAsync(LinuxConfiguration? linux, Teardown teardown, CancellationToken cancellationToken)
    {
        var devices = new List<AgentDevice>();
        foreach (var device in linux?.Devices ?? [])
        {
            if (device.Type != "b")
            {
                ResourcesLog.DeviceSkipped(logger, device.Path ?? "", device.Type ?? "", device.Major, device.Minor);
                continue;
            }

            var disk = await disks.AddAsync(HostPathOf(device), IsReadOnly(device, linux!.Resources), teardown, cancellationToken).ConfigureAwait(false);
            devices.Add(new AgentDevice
            {
                Id = disk.Source,
                Type = disk.Driver,
                VmPath = disk.Source.StartsWith('/') ? disk.Source : "",
                ContainerPath = device.Path ?? "",
            });
        }

        return devices;
    }

    /// <summary>The host's node for the numbers: the path in the configuration is the container's.</summary>
    private static string HostPathOf(LinuxDevice device)
    {
        var uevent = $"/sys/dev/block/{device.Major}:{device.Minor}/uevent";
        try
        {
            foreach (var line in File.ReadLines(uevent))
            {
                if (line.StartsWith("DEVNAME=", StringComparison.Ordinal))
                    return $"/dev/{line["DEVNAME=".Length..]}";
            }
        }
        catch (IOException)
        {
            // Reported below.
        }

        throw new KataException(KataErrorKind.InvalidArgument, $"There is no block device {device.Major}:{device.Minor} on this host, which the container wants as {device.Path}.");
    }

    /// <summary>A rule for exactly this device without <c>w</c> makes it read-only.</summary>
    private static bool IsReadOnly(LinuxDevice device, LinuxResources? resources) =>
        resources?.Devices?.LastOrDefault(rule => rule.Allow && rule.Type == "b" && rule.Major == device.Major && rule.Minor == device.Minor) is { } match
        && match.Access?.Contains('w', StringComparison.Ordinal) == false;
}
