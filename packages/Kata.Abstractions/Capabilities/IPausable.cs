namespace Kata.Abstractions.Capabilities;

/// <summary>A VM whose vCPUs can be halted and continued.</summary>
public interface IPausable
{
    /// <summary>Halts all vCPUs. Returns when none runs any more.</summary>
    ValueTask PauseAsync(CancellationToken cancellationToken);

    /// <summary>Continues all vCPUs.</summary>
    ValueTask ResumeAsync(CancellationToken cancellationToken);
}
