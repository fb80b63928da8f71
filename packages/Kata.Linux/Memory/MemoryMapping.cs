using System.Runtime.InteropServices;

namespace Kata.Linux;

/// <summary>A range of mapped memory (mmap(2)), unmapped on disposal.</summary>
public sealed class MemoryMapping : SafeHandle
{
    private const int PROT_READ = 1;
    private const int PROT_WRITE = 2;
    private const int MAP_SHARED = 1;
    private const int MAP_PRIVATE = 2;
    private const int MAP_ANONYMOUS = 0x20;
    private const int MAP_NORESERVE = 0x4000;

    private MemoryMapping(nint address, nuint length)
        : base(-1, ownsHandle: true)
    {
        Length = length;
        SetHandle(address);
    }

    /// <summary>Bytes mapped.</summary>
    public nuint Length { get; }

    /// <summary>First byte. Valid while this object is alive and not disposed.</summary>
    public nint Address => IsInvalid || IsClosed ? throw new ObjectDisposedException(nameof(MemoryMapping)) : handle;

    /// <inheritdoc/>
    public override bool IsInvalid => handle == -1;

    /// <summary>Maps part of a file, shared, readable and writable.</summary>
    /// <param name="file">The file.</param>
    /// <param name="offset">Offset in the file, a multiple of the page size.</param>
    /// <param name="length">Bytes.</param>
    public static MemoryMapping Shared(SafeHandle file, long offset, nuint length) =>
        Wrap(Interop.mmap(0, length, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, file, offset), length);

    /// <summary>Maps zeroed private memory.</summary>
    public static MemoryMapping Anonymous(nuint length) =>
        Wrap(Interop.mmap_anonymous(0, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0), length);

    /// <inheritdoc/>
    protected override bool ReleaseHandle() => Interop.munmap(handle, Length) == 0;

    private static MemoryMapping Wrap(nint address, nuint length) =>
        address == -1 ? throw LinuxException.FromLastError("mmap", $"of {length} bytes") : new MemoryMapping(address, length);
}
