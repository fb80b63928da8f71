using System.Runtime.InteropServices;

namespace Kata.Linux;

/// <summary>A range of unmanaged memory, laid out as struct iovec. Whoever makes one answers for its validity.</summary>
/// <param name="Address">First byte.</param>
/// <param name="Length">Bytes.</param>
[StructLayout(LayoutKind.Sequential)]
public readonly record struct NativeBuffer(nint Address, nint Length);
