namespace Kata.Abstractions.Devices;

/// <summary>A device of a VM. Immutable; attaching one returns an <see cref="AttachedDevice"/>.</summary>
public abstract record Device
{
    /// <summary>Unique within the VM; letters, digits, <c>-</c> and <c>_</c>, at most 31 characters.</summary>
    public required string Id { get; init; }
}
