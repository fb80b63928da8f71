using System.Buffers.Binary;
using System.Text;

namespace Kata.Vmm.Dragonball.Tests.Guests;

/// <summary>A kernel of a few instructions in long mode, as an ELF file: fast enough for a KVM that interprets them.</summary>
internal sealed class TinyKernel
{
    private const ulong LoadAddress = 0x10_0000;
    private const int HeaderSize = 64;
    private const int ProgramHeaderSize = 56;
    private const ushort Serial = 0x3F8;

    private readonly List<byte> _code = [];

    /// <summary>Instructions as bytes.</summary>
    public TinyKernel Raw(params ReadOnlySpan<byte> code)
    {
        _code.AddRange(code);
        return this;
    }

    /// <summary>mov dx, port; mov al, value; out dx, al.</summary>
    public TinyKernel Out(ushort port, byte value) => Raw(0x66, 0xBA, (byte)port, (byte)(port >> 8), 0xB0, value, 0xEE);

    /// <summary>mov dx, port; in al, dx.</summary>
    public TinyKernel In(ushort port) => Raw(0x66, 0xBA, (byte)port, (byte)(port >> 8), 0xEC);

    /// <summary>mov dx, 0x3F8; out dx, al.</summary>
    public TinyKernel PrintAl() => Raw(0x66, 0xBA, 0xF8, 0x03, 0xEE);

    /// <summary>Prints on the serial port.</summary>
    public TinyKernel Print(string text)
    {
        foreach (var value in Encoding.ASCII.GetBytes(text))
            Out(Serial, value);
        return this;
    }

    /// <summary>Switches the machine off through ACPI: S5.</summary>
    public TinyKernel PowerOff() => Out(0x600, 0x34).Spin();

    /// <summary>jmp to itself.</summary>
    public TinyKernel Spin() => Raw(0xEB, 0xFE);

    /// <summary>cli; hlt; jmp to hlt.</summary>
    public TinyKernel Halt() => Raw(0xFA, 0xF4, 0xEB, 0xFD);

    /// <summary>Repeats all instructions so far.</summary>
    public TinyKernel Repeat()
    {
        // jmp rel32
        var distance = -(_code.Count + 5);
        return Raw(0xE9, (byte)distance, (byte)(distance >> 8), (byte)(distance >> 16), (byte)(distance >> 24));
    }

    /// <summary>Writes the file.</summary>
    public string Save(string directory)
    {
        var image = new byte[HeaderSize + ProgramHeaderSize + _code.Count];
        ReadOnlySpan<byte> identification = [0x7F, (byte)'E', (byte)'L', (byte)'F', 2, 1, 1];
        identification.CopyTo(image);
        U16(image, 16, 2); // ET_EXEC
        U16(image, 18, 62); // EM_X86_64
        U32(image, 20, 1);
        U64(image, 24, LoadAddress); // e_entry
        U64(image, 32, HeaderSize); // e_phoff
        U16(image, 52, HeaderSize);
        U16(image, 54, ProgramHeaderSize);
        U16(image, 56, 1); // e_phnum
        var segment = image.AsSpan(HeaderSize);
        U32(segment, 0, 1); // PT_LOAD
        U32(segment, 4, 7);
        U64(segment, 8, HeaderSize + ProgramHeaderSize);
        U64(segment, 16, LoadAddress);
        U64(segment, 24, LoadAddress);
        U64(segment, 32, (ulong)_code.Count);
        U64(segment, 40, (ulong)_code.Count);
        _code.CopyTo(image, HeaderSize + ProgramHeaderSize);
        var path = Path.Combine(directory, $"kernel-{Guid.NewGuid():N}");
        File.WriteAllBytes(path, image);
        return path;
    }

    private static void U16(Span<byte> at, int offset, ushort value) => BinaryPrimitives.WriteUInt16LittleEndian(at[offset..], value);

    private static void U32(Span<byte> at, int offset, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(at[offset..], value);

    private static void U64(Span<byte> at, int offset, ulong value) => BinaryPrimitives.WriteUInt64LittleEndian(at[offset..], value);
}
