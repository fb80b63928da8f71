using System.Globalization;

namespace Kata.Guest.Agent.Devices;

/// <summary>A disk on a SCSI controller: target and logical unit, <c>ID:LUN</c>.</summary>
internal readonly record struct ScsiAddress(uint Id, uint Lun)
{
    private const string Hosts = "/sys/class/scsi_host";
    private const string Disks = "/sys/bus/scsi/devices";

    public static ScsiAddress? TryParse(string text)
    {
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        return colon > 0
            && uint.TryParse(text.AsSpan(0, colon), NumberStyles.None, CultureInfo.InvariantCulture, out var id)
            && uint.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var lun)
            ? new ScsiAddress(id, lun)
            : null;
    }

    /// <summary>The disk's directory in sysfs. When it is not there the controllers are asked to look for it.</summary>
    public string? Find()
    {
        if (Directory.Exists(Disks))
        {
            var suffix = string.Create(CultureInfo.InvariantCulture, $":0:{Id}:{Lun}");
            var disk = Directory.EnumerateDirectories(Disks).FirstOrDefault(entry => entry.EndsWith(suffix, StringComparison.Ordinal));
            if (disk is not null)
                return disk;
        }

        if (Directory.Exists(Hosts))
        {
            foreach (var host in Directory.EnumerateDirectories(Hosts))
                File.WriteAllText(Path.Combine(host, "scan"), string.Create(CultureInfo.InvariantCulture, $"0 {Id} {Lun}"));
        }

        return null;
    }
}
