namespace Kata.Protocols.Oci;

/// <summary>RDMA limits of one device.</summary>
public sealed record LinuxRdma : OciObject
{
    /// <summary>Handles.</summary>
    public uint? HcaHandles { get; init; }

    /// <summary>Objects.</summary>
    public uint? HcaObjects { get; init; }
}
