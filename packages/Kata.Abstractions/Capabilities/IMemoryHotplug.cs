namespace Kata.Abstractions.Capabilities;

/// <summary>A VM whose memory can grow while it runs.</summary>
public interface IMemoryHotplug
{
    /// <summary>Grows the memory to at least <paramref name="totalMib"/> MiB, rounded up to the guest's memory block size.</summary>
    /// <returns>The total in MiB afterwards.</returns>
    /// <exception cref="HypervisorException">More than <c>default_maxmemory</c>, no slot left, or the VMM refused.</exception>
    ValueTask<ulong> ResizeMemoryAsync(ulong totalMib, ulong guestBlockSizeBytes, CancellationToken cancellationToken);
}
