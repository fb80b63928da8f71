using Kata.Abstractions;
using Kata.Abstractions.Configuration;
using Kata.Vmm.Dragonball.Adapter;

namespace Kata.Vmm.Dragonball;

/// <summary>
/// <c>[hypervisor.dragonball]</c> in <c>configuration.toml</c>: the VM runs inside the runtime's own process, on KVM. Devices are there at
/// boot; nothing is hot-plugged.
/// </summary>
public sealed class DragonballProvider : IHypervisorProvider
{
    internal const string ProviderName = "dragonball";

    /// <inheritdoc/>
    public string Name => ProviderName;

    /// <inheritdoc/>
    public HypervisorCapabilities GetCapabilities(HypervisorConfiguration configuration) =>
        HypervisorCapabilities.BlockDevice | HypervisorCapabilities.SharedFileSystem | HypervisorCapabilities.InlineSharedFileSystem;

    /// <inheritdoc/>
    public void Validate(HypervisorConfiguration configuration) => DragonballConfiguration.Validate(configuration);

    /// <inheritdoc/>
    public IHypervisor Create(HypervisorContext context) => new DragonballHypervisor(context);

    /// <summary>Does nothing: the kernel ends a VM with the process it is in, and its files are in the run directory.</summary>
    public ValueTask CleanUpAsync(HypervisorState state, CancellationToken cancellationToken) => ValueTask.CompletedTask;
}
