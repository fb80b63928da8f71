namespace Kata.Virtio.Devices;

/// <summary>Device types (virtio 1.2, chapter 5).</summary>
internal static class DeviceType
{
    public const uint Network = 1;
    public const uint Block = 2;
    public const uint Console = 3;
    public const uint Entropy = 4;
    public const uint Socket = 19;
    public const uint FileSystem = 26;
}
