namespace Kata.Virtio.Devices;

/// <summary>Feature bits that do not depend on the device type (virtio 1.2, chapter 6).</summary>
internal static class VirtioFeatures
{
    public const ulong IndirectDescriptors = 1UL << 28;
    public const ulong EventIndex = 1UL << 29;
    public const ulong Version1 = 1UL << 32;
}
