namespace Kata.Abstractions.Capabilities;

/// <summary>A VM whose number of vCPUs can change while it runs.</summary>
public interface IVcpuHotplug
{
    /// <summary>Changes the number of vCPUs, clamped to <c>default_maxvcpus</c>. Those present at boot stay.</summary>
    /// <returns>The number of vCPUs afterwards, which may be more than asked for.</returns>
    /// <exception cref="HypervisorException"><paramref name="count"/> is 0, or the VMM refused.</exception>
    ValueTask<int> ResizeVcpusAsync(int count, CancellationToken cancellationToken);
}
