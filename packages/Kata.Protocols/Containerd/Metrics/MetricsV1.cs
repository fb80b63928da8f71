namespace Kata.Protocols.Containerd.Metrics.V1;

/// <summary>Statistics of a container in the shape of cgroup v1.</summary>
public sealed partial class Metrics : INamedMessage
{
    /// <inheritdoc/>
    public static string TypeName => "io.containerd.cgroups.v1.Metrics";
}
