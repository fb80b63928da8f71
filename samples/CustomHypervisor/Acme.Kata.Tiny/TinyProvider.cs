using Kata.Abstractions;
using Kata.Abstractions.Configuration;
using Kata.Linux;

namespace Acme.Kata.Tiny;

/// <summary>The way in: the shim finds this by its name, <c>runtime.hypervisor_name = "tiny"</c>.</summary>
public sealed class TinyProvider : IHypervisorProvider
{
    public string Name => "tiny";

    // Containers get their root file system over virtio-fs. No disks, no hot-plug: the shim does not ask for what is not here.
    public HypervisorCapabilities GetCapabilities(HypervisorConfiguration configuration) => HypervisorCapabilities.SharedFileSystem;

    public void Validate(HypervisorConfiguration configuration)
    {
        Check("path", configuration.Path);
        Check("kernel", configuration.Kernel);
        Check("initrd", configuration.Initrd);

        void Check(string key, string path)
        {
            if (!File.Exists(path))
                throw new ConfigurationException($"hypervisor.tiny.{key}", configuration.Source, $"There is no file '{path}'.");
        }
    }

    public IHypervisor Create(HypervisorContext context) => new TinyHypervisor(context);

    // Called by `delete` after the shim was killed: the state is the one that TinyHypervisor.State had.
    public ValueTask CleanUpAsync(HypervisorState state, CancellationToken cancellationToken)
    {
        foreach (var (pid, startTime) in state.Processes)
            ProcessTable.KillAndWait(pid, startTime, TimeSpan.FromSeconds(10));
        return ValueTask.CompletedTask;
    }
}
