using System.Globalization;

namespace Kata.Guest.Agent.Devices;

/// <summary>Where a device is plugged in, from the root bus down: two hexadecimal digits for the slot at each bridge, such as <c>02/01</c>.</summary>
internal readonly record struct PciPath
{
    private const int LargestSlot = 0x1F;
    private const int Deepest = 16;

    private PciPath(IReadOnlyList<int> slots) => Slots = slots;

    public IReadOnlyList<int> Slots { get; }

    public static PciPath? TryParse(string text)
    {
        var parts = text.Split('/');
        var slots = new List<int>(parts.Length);
        foreach (var part in parts)
        {
            if (part.Length != 2 || slots.Count == Deepest
                || !int.TryParse(part, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var slot) || slot > LargestSlot)
                return null;
            slots.Add(slot);
        }

        return new PciPath(slots);
    }

    /// <summary>The device's directory in sysfs; null while one of the devices on the way is not there.</summary>
    /// <param name="rootBus"><c>/sys/devices/pci0000:00</c>.</param>
    public string? Find(string rootBus)
    {
        var directory = rootBus;
        foreach (var slot in Slots)
        {
            if (!Directory.Exists(directory))
                return null;
            // DOMAIN:BUS:SLOT.FUNCTION; a bridge has one bus below it.
            var suffix = string.Create(CultureInfo.InvariantCulture, $":{slot:x2}.0");
            var next = Directory.EnumerateDirectories(directory).FirstOrDefault(entry => IsDevice(entry, suffix));
            if (next is null)
                return null;
            directory = next;
        }

        return directory;
    }

    public override string ToString() => string.Join('/', Slots.Select(slot => slot.ToString("x2", CultureInfo.InvariantCulture)));

    private static bool IsDevice(string entry, string suffix)
    {
        var name = Path.GetFileName(entry);
        return name.Length == "0000:00:00.0".Length && name[4] == ':' && name.EndsWith(suffix, StringComparison.Ordinal);
    }
}
