namespace Kata.Abstractions;

/// <summary>A hypervisor was asked for something it cannot do.</summary>
public sealed class NotSupportedByHypervisorException : HypervisorException
{
    /// <summary>Makes the error.</summary>
    /// <param name="hypervisor">The hypervisor's name.</param>
    /// <param name="what">What it cannot do, e.g. <c>hot-plug of network devices</c>.</param>
    public NotSupportedByHypervisorException(string hypervisor, string what)
        : base($"Hypervisor {hypervisor} does not support {what}.", null, KataErrorKind.NotSupported)
    {
    }
}
