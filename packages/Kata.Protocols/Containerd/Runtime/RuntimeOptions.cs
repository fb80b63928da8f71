namespace Kata.Protocols.Containerd.Runtime;

/// <summary>Options for runtimes other than runc: where their configuration is, or the configuration itself.</summary>
public sealed partial class Options : INamedMessage
{
    /// <inheritdoc/>
    public static string TypeName => "runtimeoptions.v1.Options";
}
