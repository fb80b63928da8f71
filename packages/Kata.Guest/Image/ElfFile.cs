using System.Buffers.Binary;
using System.Text;

namespace Kata.Guest.Image;

/// <summary>
/// The few facts the builder needs from a 64-bit little-endian ELF file: interpreter, needed libraries, library search path, and a
/// section by name. Whatever the file says, nothing outside of it is read.
/// </summary>
internal sealed class ElfFile
{
    // System V ABI: file header, program header, section header and dynamic entry.
    private const int HeaderSize = 64;
    private const int ProgramHeaderSize = 56;
    private const int SectionHeaderSize = 64;
    private const int DynamicEntrySize = 16;

    private const uint SegmentLoad = 1;
    private const uint SegmentDynamic = 2;
    private const uint SegmentInterpreter = 3;

    private const ulong DynamicNeeded = 1;
    private const ulong DynamicStringTable = 5;
    private const ulong DynamicRpath = 15;
    private const ulong DynamicRunpath = 29;

    private readonly byte[] _bytes;
    private readonly string _path;
    private readonly List<Segment> _segments;

    private ElfFile(byte[] bytes, string path)
    {
        _bytes = bytes;
        _path = path;
        Machine = U16(18);
        _segments = ReadSegments();
        foreach (Segment segment in _segments)
        {
            if (segment.Type == SegmentInterpreter) Interpreter = Text(segment.Offset);
        }

        ReadDynamic();
    }

    /// <summary>The processor (EM_*); 62 is x86-64, 183 AArch64.</summary>
    public int Machine { get; }

    /// <summary>The dynamic loader that the program asks for; null in a static program or a library.</summary>
    public string? Interpreter { get; }

    /// <summary>The names of the libraries it is linked to, in link order.</summary>
    public List<string> Needed { get; } = [];

    /// <summary>Its own library directories, as written: colon-separated, with <c>$ORIGIN</c>; empty without any.</summary>
    public string SearchPath { get; private set; } = "";

    public static ElfFile Parse(byte[] bytes, string path)
    {
        if (bytes.Length < HeaderSize || !bytes.AsSpan(0, 4).SequenceEqual("\u007FELF"u8))
            throw new GuestImageException($"{path} is not an ELF file.");
        if (bytes[4] != 2 || bytes[5] != 1)
            throw new GuestImageException($"{path} is not a 64-bit little-endian ELF file.");
        return new ElfFile(bytes, path);
    }

    /// <summary>The content of a section; empty when the file has none of that name.</summary>
    public ReadOnlySpan<byte> Section(string name)
    {
        ulong table = U64(40);
        int count = U16(60);
        if (table == 0 || count == 0) return default;

        ulong names = U64(table + ((ulong)U16(62) * SectionHeaderSize) + 24);
        for (int i = 0; i < count; i++)
        {
            ulong header = table + ((ulong)i * SectionHeaderSize);
            if (Text(names + U32(header)) == name) return Bytes(U64(header + 24), U64(header + 32));
        }

        return default;
    }

    private List<Segment> ReadSegments()
    {
        ulong table = U64(32);
        int count = U16(56);
        var segments = new List<Segment>(count);
        for (int i = 0; i < count; i++)
        {
            ulong header = table + ((ulong)i * ProgramHeaderSize);
            segments.Add(new Segment(U32(header), U64(header + 8), U64(header + 16), U64(header + 32)));
        }

        return segments;
    }

    private void ReadDynamic()
    {
        Segment dynamic = _segments.Find(segment => segment.Type == SegmentDynamic);
        var names = new List<ulong>();
        ulong? strings = null, search = null;
        for (ulong at = 0; at + DynamicEntrySize <= dynamic.Size; at += DynamicEntrySize)
        {
            ulong tag = U64(dynamic.Offset + at), value = U64(dynamic.Offset + at + 8);
            if (tag == 0) break;
            if (tag == DynamicNeeded) names.Add(value);
            else if (tag == DynamicStringTable) strings = FileOffset(value);
            else if (tag == DynamicRunpath) search = value; // the newer tag wins over DT_RPATH
            else if (tag == DynamicRpath) search ??= value;
        }

        if (strings is not { } table) return;
        foreach (ulong name in names) Needed.Add(Text(table + name));
        if (search is { } path) SearchPath = Text(table + path);
    }

    /// <summary>Turns an address, as the dynamic section uses them, into a place in the file.</summary>
    private ulong FileOffset(ulong address)
    {
        foreach (Segment segment in _segments)
        {
            if (segment.Type == SegmentLoad && address >= segment.Address && address - segment.Address < segment.Size)
                return address - segment.Address + segment.Offset;
        }

        throw Malformed();
    }

    private string Text(ulong offset)
    {
        ReadOnlySpan<byte> text = Bytes(offset);
        int end = text.IndexOf((byte)0);
        return end < 0 ? throw Malformed() : Encoding.UTF8.GetString(text[..end]);
    }

    private ushort U16(ulong offset) => BinaryPrimitives.ReadUInt16LittleEndian(Bytes(offset, 2));

    private uint U32(ulong offset) => BinaryPrimitives.ReadUInt32LittleEndian(Bytes(offset, 4));

    private ulong U64(ulong offset) => BinaryPrimitives.ReadUInt64LittleEndian(Bytes(offset, 8));

    private ReadOnlySpan<byte> Bytes(ulong offset) =>
        offset <= (ulong)_bytes.Length ? _bytes.AsSpan((int)offset) : throw Malformed();

    private ReadOnlySpan<byte> Bytes(ulong offset, ulong length)
    {
        ReadOnlySpan<byte> rest = Bytes(offset);
        return length <= (ulong)rest.Length ? rest[..(int)length] : throw Malformed();
    }

    private GuestImageException Malformed() => new($"{_path} is damaged: a part of this ELF file lies outside of it.");

    private readonly record struct Segment(uint Type, ulong Offset, ulong Address, ulong Size);
}
