namespace Kata.Shim.Resources.Devices;

/// <summary>A disk as the agent is told about it.</summary>
/// <param name="Driver">The agent's driver: blk, scsi or mmioblk.</param>
/// <param name="Source">Where the guest finds it: PCI path, SCSI address or device node.</param>
internal sealed record GuestDisk(string Driver, string Source);
