using Kata.Abstractions;
using Kata.Abstractions.Configuration;
using Kata.Linux;

namespace Kata.Shim.Tests.Fakes;

/// <summary>Makes fake VMs and lets the test reach into them.</summary>
internal sealed class FakeHypervisorProvider : IHypervisorProvider
{
    public string Name => "fake";

    internal Func<CancellationToken, Task> OnPrepare { get; set; } = static _ => Task.CompletedTask;

    internal Func<CancellationToken, Task> OnStart { get; set; } = static _ => Task.CompletedTask;

    internal string LastWords { get; set; } = "";

    internal Action<FakeAgent>? AgentStarted { get; set; }

    internal FakeAgent? Agent { get; set; }

    internal ChildProcess? Vm { get; set; }

    public HypervisorCapabilities GetCapabilities(HypervisorConfiguration configuration) =>
        HypervisorCapabilities.BlockDevice | HypervisorCapabilities.BlockDeviceHotplug;

    public void Validate(HypervisorConfiguration configuration)
    {
    }

    public IHypervisor Create(HypervisorContext context) => new FakeHypervisor(context, this);

    public ValueTask CleanUpAsync(HypervisorState state, CancellationToken cancellationToken) => default;
}
