namespace Kata.Protocols.Containerd.Runtime.Runc;

/// <summary>Options of the runc shim.</summary>
public sealed partial class Options : INamedMessage
{
    /// <inheritdoc/>
    public static string TypeName => "containerd.runc.v1.Options";
}

/// <summary>Options of a checkpoint.</summary>
public sealed partial class CheckpointOptions : INamedMessage
{
    /// <inheritdoc/>
    public static string TypeName => "containerd.runc.v1.CheckpointOptions";
}

/// <summary>Names the exec a process belongs to.</summary>
public sealed partial class ProcessDetails : INamedMessage
{
    /// <inheritdoc/>
    public static string TypeName => "containerd.runc.v1.ProcessDetails";
}
