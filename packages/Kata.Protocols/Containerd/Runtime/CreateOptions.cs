namespace Kata.Protocols.Containerd.Runtime.Runc;

/// <summary>Options that containerd 1.6 and 1.7 clients send to a runtime not named runc.</summary>
public sealed partial class CreateOptions : INamedMessage
{
    /// <inheritdoc/>
    public static string TypeName => "containerd.linux.runc.CreateOptions";
}
