using Kata.Abstractions.Configuration;

namespace Kata.Abstractions;

/// <summary>
/// Makes hypervisors of one kind. A hypervisor package registers its provider with the shim by being referenced
/// (a <c>KataHypervisorProvider</c> item in its <c>buildTransitive</c> props), or by
/// <c>ShimHost.CreateBuilder(args).AddHypervisor(...)</c>. Implementations are stateless and thread-safe.
/// </summary>
public interface IHypervisorProvider
{
    /// <summary>The name <c>configuration.toml</c> uses: <c>runtime.hypervisor_name</c> and <c>[hypervisor.NAME]</c>.</summary>
    string Name { get; }

    /// <summary>What a VM made from <paramref name="configuration"/> will be able to do, known before boot.</summary>
    HypervisorCapabilities GetCapabilities(HypervisorConfiguration configuration);

    /// <summary>Checks a configuration without touching the host beyond reading files.</summary>
    /// <exception cref="ConfigurationException">A value this hypervisor cannot work with; the exception names the key.</exception>
    void Validate(HypervisorConfiguration configuration);

    /// <summary>Makes a hypervisor for one sandbox. Nothing is started and no host resource is taken yet.</summary>
    IHypervisor Create(HypervisorContext context);

    /// <summary>
    /// Removes what a hypervisor of a killed runtime left behind (processes, sockets, files). Must succeed when nothing is left,
    /// and must make sure that a recorded process is still the one that was recorded before it signals it.
    /// </summary>
    ValueTask CleanUpAsync(HypervisorState state, CancellationToken cancellationToken);
}
