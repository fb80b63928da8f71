using Kata.Virtio.Entropy;
using Kata.Virtio.Events;
using Microsoft.Extensions.Logging;

namespace Kata.Virtio;

/// <summary>An entropy device (hwrng of the guest): hands out what the host's kernel makes (getrandom(2)). One thread.</summary>
public sealed class VirtioRng : VirtioDevice
{
    private VirtioRng(ILogger logger)
        : base(new EntropyDevice(logger), [new DeviceThread("virtio-rng")])
    {
    }

    /// <summary>Makes the device.</summary>
    /// <param name="logger">Where events of the device are reported.</param>
    public static VirtioRng Create(ILogger logger)
    {
        ArgumentNullException.ThrowIfNull(logger);
        return new VirtioRng(logger);
    }

    private protected override void Release()
    {
        // It holds nothing of the host.
    }
}
