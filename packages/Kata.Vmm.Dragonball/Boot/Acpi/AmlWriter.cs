using System.Buffers.Binary;
using System.Text;

namespace Kata.Vmm.Dragonball.Boot.Acpi;

/// <summary>Encodes ACPI Machine Language (ACPI 6.5, chapter 20). Objects nest as the calls do.</summary>
internal sealed class AmlWriter
{
    private const byte ZeroOp = 0x00;
    private const byte OneOp = 0x01;
    private const byte NameOp = 0x08;
    private const byte BytePrefix = 0x0A;
    private const byte WordPrefix = 0x0B;
    private const byte DWordPrefix = 0x0C;
    private const byte StringPrefix = 0x0D;
    private const byte QWordPrefix = 0x0E;
    private const byte ScopeOp = 0x10;
    private const byte BufferOp = 0x11;
    private const byte PackageOp = 0x12;
    private const byte ExtendedPrefix = 0x5B;
    private const byte DeviceOp = 0x82;
    private const byte RootCharacter = (byte)'\\';
    private const int SegmentLength = 4;

    private readonly List<byte> _bytes = [];

    /// <summary>What has been written.</summary>
    public byte[] ToArray() => [.. _bytes];

    /// <summary>Scope (name) { body }</summary>
    public void Scope(string name, Action<AmlWriter> body) => Block([ScopeOp], name, body);

    /// <summary>Device (name) { body }</summary>
    public void Device(string name, Action<AmlWriter> body) => Block([ExtendedPrefix, DeviceOp], name, body);

    /// <summary>Name (name, integer)</summary>
    public void Name(string name, ulong value)
    {
        BeginName(name);
        Integer(value);
    }

    /// <summary>Name (name, "text")</summary>
    /// <param name="text">ASCII.</param>
    public void Name(string name, string text)
    {
        BeginName(name);
        _bytes.Add(StringPrefix);
        _bytes.AddRange(Encoding.ASCII.GetBytes(text));
        _bytes.Add(0);
    }

    /// <summary>Name (name, EisaId ("id"))</summary>
    /// <param name="id">Three capital letters and four hexadecimal digits.</param>
    public void NameEisaId(string name, string id)
    {
        // Five bits for each letter, then the digits, big endian; an integer in AML is little endian.
        var letters = ((id[0] - '@') << 10) | ((id[1] - '@') << 5) | (id[2] - '@');
        var product = Convert.ToUInt16(id[3..], 16);
        Name(name, BinaryPrimitives.ReverseEndianness(((uint)letters << 16) | product));
    }

    /// <summary>Name (name, Package () { integers })</summary>
    public void NamePackage(string name, params ReadOnlySpan<byte> elements)
    {
        BeginName(name);
        var package = new AmlWriter();
        package._bytes.Add((byte)elements.Length);
        foreach (var element in elements)
            package.Integer(element);
        AddBlock([PackageOp], package);
    }

    /// <summary>Name (name, ResourceTemplate () { resources })</summary>
    public void Name(string name, ResourceTemplate resources)
    {
        BeginName(name);
        var content = resources.ToArray();
        var buffer = new AmlWriter();
        buffer.Integer((ulong)content.Length);
        buffer._bytes.AddRange(content);
        AddBlock([BufferOp], buffer);
    }

    private void BeginName(string name)
    {
        _bytes.Add(NameOp);
        Path(name);
    }

    private void Block(ReadOnlySpan<byte> opcode, string name, Action<AmlWriter> body)
    {
        var block = new AmlWriter();
        block.Path(name);
        body(block);
        AddBlock(opcode, block);
    }

    private void AddBlock(ReadOnlySpan<byte> opcode, AmlWriter content)
    {
        _bytes.AddRange(opcode);
        PackageLength(content._bytes.Count);
        _bytes.AddRange(content._bytes);
    }

    /// <summary>The length includes its own encoding: one byte up to 63, else four bits and one to three bytes.</summary>
    private void PackageLength(int content)
    {
        const int oneByte = 1 << 6;
        if (content + 1 < oneByte)
        {
            _bytes.Add((byte)(content + 1));
            return;
        }

        var more = 1;
        while (content + 1 + more >= 1 << (4 + (8 * more)))
            more++;
        var length = content + 1 + more;
        _bytes.Add((byte)((more << 6) | (length & 0xF)));
        for (var i = 0; i < more; i++)
            _bytes.Add((byte)(length >> (4 + (8 * i))));
    }

    /// <summary>A name of one segment, from the root when it begins with a backslash; padded with underscores.</summary>
    private void Path(string name)
    {
        if (name[0] == RootCharacter)
        {
            _bytes.Add(RootCharacter);
            name = name[1..];
        }

        ArgumentOutOfRangeException.ThrowIfGreaterThan(name.Length, SegmentLength, nameof(name));
        _bytes.AddRange(Encoding.ASCII.GetBytes(name.PadRight(SegmentLength, '_')));
    }

    private void Integer(ulong value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        var (prefix, length) = value switch
        {
            0 => (ZeroOp, 0),
            1 => (OneOp, 0),
            <= byte.MaxValue => (BytePrefix, sizeof(byte)),
            <= ushort.MaxValue => (WordPrefix, sizeof(ushort)),
            <= uint.MaxValue => (DWordPrefix, sizeof(uint)),
            _ => (QWordPrefix, sizeof(ulong)),
        };
        _bytes.Add(prefix);
        _bytes.AddRange(bytes[..length]);
    }
}
