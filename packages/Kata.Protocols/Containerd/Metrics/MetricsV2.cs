namespace Kata.Protocols.Containerd.Metrics.V2;

/// <summary>Statistics of a container in the shape of cgroup v2.</summary>
public sealed partial class Metrics : INamedMessage
{
    /// <inheritdoc/>
    public static string TypeName => "io.containerd.cgroups.v2.Metrics";
}
