namespace Kata.Benchmarks.Devices;

/// <summary>A buffer of a request.</summary>
/// <param name="Address">Where it lies in guest memory.</param>
/// <param name="Length">Bytes.</param>
/// <param name="IsWritable">For the device to write; otherwise to read.</param>
internal readonly record struct GuestBuffer(ulong Address, uint Length, bool IsWritable);
