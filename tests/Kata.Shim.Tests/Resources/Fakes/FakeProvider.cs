using Kata.Abstractions;
using Kata.Abstractions.Configuration;

namespace Kata.Shim.Tests.Resources.Fakes;

/// <summary>A provider that makes no VMs.</summary>
internal sealed class FakeProvider(string name, HypervisorCapabilities capabilities = HypervisorCapabilities.None) : IHypervisorProvider
{
    public string Name => name;

    public HypervisorConfiguration? Validated { get; private set; }

    public HypervisorCapabilities GetCapabilities(HypervisorConfiguration configuration) => capabilities;

    public void Validate(HypervisorConfiguration configuration) => Validated = configuration;

    public IHypervisor Create(HypervisorContext context) => throw new NotSupportedException();

    public ValueTask CleanUpAsync(HypervisorState state, CancellationToken cancellationToken) => ValueTask.CompletedTask;
}
