using Kata.Abstractions;

namespace Kata.Shim.Hosting;

/// <summary>
/// The hypervisors a program was built with. A referenced hypervisor package declares a <c>KataHypervisorProvider</c> item; the targets of
/// this package turn those items into one generated file that calls <see cref="Add"/> before <c>Main</c>. Not for use by hand:
/// custom shims call <see cref="ShimHostBuilder.AddHypervisor"/>.
/// </summary>
public static class HypervisorRegistry
{
    private static readonly List<Func<IHypervisorProvider>> Factories = [];

    /// <summary>Adds a provider. It is made only when a daemon or a clean-up needs it.</summary>
    public static void Add(Func<IHypervisorProvider> factory)
    {
        ArgumentNullException.ThrowIfNull(factory);
        lock (Factories)
            Factories.Add(factory);
    }

    internal static List<IHypervisorProvider> CreateProviders()
    {
        lock (Factories)
            return Factories.ConvertAll(factory => factory());
    }
}
