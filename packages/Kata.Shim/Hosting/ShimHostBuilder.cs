using Kata.Abstractions;

namespace Kata.Shim.Hosting;

/// <summary>A shim with hypervisors chosen in code, besides those registered by package reference.</summary>
/// <example><code>return await ShimHost.CreateBuilder(args).AddHypervisor(new MyProvider()).RunAsync();</code></example>
public sealed class ShimHostBuilder
{
    private readonly string[] _args;
    private readonly List<IHypervisorProvider> _added = [];

    internal ShimHostBuilder(string[] args) => _args = args;

    /// <summary>Adds a hypervisor. It wins over a registered one of the same name.</summary>
    public ShimHostBuilder AddHypervisor(IHypervisorProvider provider)
    {
        ArgumentNullException.ThrowIfNull(provider);
        _added.Add(provider);
        return this;
    }

    /// <summary>
    /// Does what the command line asks for. Call it first thing on the main thread: <c>start</c> relies on it.
    /// </summary>
    /// <returns>The exit code of the process.</returns>
    public Task<int> RunAsync() => new ShimProgram(_args, Providers).RunAsync();

    private List<IHypervisorProvider> Providers()
    {
        var providers = new List<IHypervisorProvider>(_added);
        foreach (var registered in HypervisorRegistry.CreateProviders())
        {
            if (!providers.Exists(provider => provider.Name == registered.Name))
                providers.Add(registered);
        }

        return providers;
    }
}
