using Kata.Linux;
using Kata.Protocols.Agent;
using Kata.Protocols.Oci;

namespace Kata.Guest.Agent.Devices;

/// <summary>The devices the host has plugged in for a container: in its configuration they get the numbers they have in this guest.</summary>
internal static class ContainerDevices
{
    /// <summary>Waits for the devices and puts their numbers into the configuration.</summary>
    public static async Task<Spec> ResolveAsync(
        Spec spec, IReadOnlyCollection<Device> devices, BlockDevices disks, CancellationToken cancellationToken)
    {
        foreach (var device in devices)
        {
            if (device.Type is not ("blk" or "mmioblk" or "nvdimm" or "scsi"))
                throw AgentException.Unimplemented($"This guest has no handler for devices of type '{device.Type}'.");
            var address = device.Type is "blk" or "scsi" && device.Id.Length > 0 ? device.Id : device.VmPath;
            var node = await disks.WaitAsync(device.Type, address, cancellationToken);
            var status = FileDescriptors.Status(node) ?? throw AgentException.Failed($"The disk {node} went away.");
            spec = Renumber(spec, device.ContainerPath, status.SpecialMajor, status.SpecialMinor);
        }

        return spec;
    }

    /// <summary>Changes the numbers of a device node and of the rules that allow it.</summary>
    /// <exception cref="AgentException">The container has no such device.</exception>
    internal static Spec Renumber(Spec spec, string containerPath, uint major, uint minor)
    {
        var devices = spec.Linux?.Devices ?? [];
        var device = devices.FirstOrDefault(d => d.Path == containerPath)
            ?? throw AgentException.Invalid($"The configuration has no device {containerPath}, which the host has plugged in.");
        var linux = spec.Linux! with
        {
            Devices = [.. devices.Select(d => d == device ? d with { Major = major, Minor = minor } : d)],
        };
        if (linux.Resources is { Devices: { } rules } resources)
        {
            linux = linux with
            {
                Resources = resources with
                {
                    Devices =
                    [
                        .. rules.Select(rule => rule.Type == device.Type && rule.Major == device.Major && rule.Minor == device.Minor
                            ? rule with { Major = major, Minor = minor }
                            : rule),
                    ],
                },
            };
        }

        return spec with { Linux = linux };
    }
}
