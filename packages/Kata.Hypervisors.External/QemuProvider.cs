using Kata.Abstractions;
using Kata.Abstractions.Configuration;
using Kata.Hypervisors.External.Qemu;
using Kata.Hypervisors.External.Qemu.CommandLine;
using Kata.Linux;

namespace Kata.Hypervisors.External;

/// <summary>
/// QEMU 7.2 or later, as a process of its own: <c>[hypervisor.qemu]</c> in <c>configuration.toml</c>. Machine types q35 (with hot-plug)
/// and microvm; KVM where it can run unmodified kernels, software emulation elsewhere.
/// </summary>
public sealed class QemuProvider : IHypervisorProvider
{
    internal const string ProviderName = "qemu";

    private static readonly TimeSpan KillTimeout = TimeSpan.FromSeconds(10);

    /// <inheritdoc/>
    public string Name => ProviderName;

    /// <inheritdoc/>
    public HypervisorCapabilities GetCapabilities(HypervisorConfiguration configuration)
    {
        const HypervisorCapabilities AtBoot = HypervisorCapabilities.BlockDevice | HypervisorCapabilities.SharedFileSystem;
        return QemuMachine.Of(configuration).CanHotplug && configuration.Bridges > 0
            ? AtBoot | HypervisorCapabilities.BlockDeviceHotplug | HypervisorCapabilities.NetworkDeviceHotplug
            : AtBoot;
    }

    /// <inheritdoc/>
    public void Validate(HypervisorConfiguration configuration) => QemuConfiguration.Validate(configuration);

    /// <inheritdoc/>
    public IHypervisor Create(HypervisorContext context) =>
        QemuMachine.Of(context.Configuration).CanHotplug ? new HotplugQemuHypervisor(context) : new QemuHypervisor(context);

    /// <inheritdoc/>
    public async ValueTask CleanUpAsync(HypervisorState state, CancellationToken cancellationToken)
    {
        foreach (var (pid, startTime) in state.Processes)
        {
            // The wait blocks its thread.
            if (!await Task.Run(() => ProcessTable.KillAndWait(pid, startTime, KillTimeout), cancellationToken))
                throw new HypervisorException($"QEMU {pid} did not end within {KillTimeout.TotalSeconds} s of SIGKILL.", null, KataErrorKind.Timeout);
        }
    }
}
