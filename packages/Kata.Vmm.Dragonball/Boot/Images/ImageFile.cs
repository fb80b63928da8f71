using Kata.Linux;
using Microsoft.Win32.SafeHandles;

namespace Kata.Vmm.Dragonball.Boot.Images;

/// <summary>
/// A kernel or initrd: hostile input. Whoever wrote the file may change it meanwhile, so that every read can come out short.
/// </summary>
internal sealed class ImageFile : IDisposable
{
    private readonly SafeFileHandle _handle;
    private readonly string _name;

    private ImageFile(SafeFileHandle handle, string name, ulong length)
    {
        _handle = handle;
        _name = name;
        Length = length;
    }

    /// <summary>Bytes, when it was opened.</summary>
    public ulong Length { get; }

    /// <summary>Opens a regular file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="role">What the file is for errors: "kernel" or "initrd".</param>
    /// <exception cref="BootException">It cannot be read, or is empty.</exception>
    public static ImageFile Open(string path, string role)
    {
        try
        {
            // Opening a FIFO would wait for somebody who writes.
            return Wrap(FileDescriptors.Open(path, OpenFlags.ReadOnly | OpenFlags.NonBlocking), path, role);
        }
        catch (IOException e)
        {
            throw new BootException($"The {role} {path} cannot be read: {e.Message}", e);
        }
    }

    /// <summary>Takes over an open file.</summary>
    /// <exception cref="BootException">It is no regular file, or is empty.</exception>
    public static ImageFile Wrap(SafeFileHandle handle, string path, string role)
    {
        var name = $"{role} {path}";
        try
        {
            if (FileDescriptors.Status(handle).Kind != FileKind.Regular)
                throw new BootException($"The {name} is not a regular file.");
            var length = RandomAccess.GetLength(handle);
            return length > 0 ? new ImageFile(handle, name, (ulong)length) : throw new BootException($"The {name} is empty.");
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    /// <summary>Reads exactly the bytes asked for.</summary>
    /// <exception cref="BootException">The file has no such part.</exception>
    public void Read(ulong offset, Span<byte> destination, string what)
    {
        if (offset > Length || (ulong)destination.Length > Length - offset)
            throw Error($"ends within {what}");
        try
        {
            while (!destination.IsEmpty)
            {
                var read = RandomAccess.Read(_handle, destination, (long)offset);
                if (read == 0)
                    throw Error($"became shorter while {what} was read");
                destination = destination[read..];
                offset += (ulong)read;
            }
        }
        catch (IOException e)
        {
            throw new BootException($"The {_name} cannot be read: {e.Message}", e);
        }
    }

    /// <summary>Reads a part of the file into the guest's memory, without a copy in between.</summary>
    /// <exception cref="BootException">The file has no such part, or it does not fit.</exception>
    public void Load(ulong offset, ulong length, LowMemory memory, ulong address, string what)
    {
        if (!memory.Contains(address, length))
            throw DoesNotFit(memory, address, length, what);
        while (length > 0)
        {
            var piece = memory.Piece(address, length);
            Read(offset, piece, what);
            offset += (ulong)piece.Length;
            address += (ulong)piece.Length;
            length -= (ulong)piece.Length;
        }
    }

    /// <summary>An error about this file.</summary>
    /// <param name="problem">Continues a sentence that begins with the file's name.</param>
    public BootException Error(string problem) => new($"The {_name} {problem}.");

    /// <summary>An error about a part that goes where there is no memory.</summary>
    public BootException DoesNotFit(LowMemory memory, ulong address, ulong length, string what) => Error(
        $"does not fit into the machine's memory, which ends at 0x{memory.End:x}: {what} needs 0x{length:x} bytes from 0x{address:x} on");

    /// <summary>Closes it.</summary>
    public void Dispose() => _handle.Dispose();
}
