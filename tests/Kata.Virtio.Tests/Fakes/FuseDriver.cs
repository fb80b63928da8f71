using System.Buffers.Binary;
using System.Text;

namespace Kata.Virtio.Tests.Fakes;

/// <summary>Speaks FUSE (7.38) through the request queue of a file system device, as far as reading a file needs it.</summary>
internal sealed class FuseDriver(QueueDriver queue)
{
    public const ulong Root = 1;

    private const uint LookupCode = 1, OpenCode = 14, ReadCode = 15, InitCode = 26;
    private const int OutHeader = 16, InHeader = 40;

    private ulong _unique;

    /// <summary>Returns the server's major and minor version.</summary>
    public (uint Major, uint Minor) Initialize()
    {
        var arguments = new byte[64];
        BinaryPrimitives.WriteUInt32LittleEndian(arguments, 7);
        BinaryPrimitives.WriteUInt32LittleEndian(arguments.AsSpan(4), 31);
        BinaryPrimitives.WriteUInt32LittleEndian(arguments.AsSpan(8), 0x20000);
        var reply = Call(InitCode, 0, arguments, 64);
        return (BinaryPrimitives.ReadUInt32LittleEndian(reply), BinaryPrimitives.ReadUInt32LittleEndian(reply.AsSpan(4)));
    }

    /// <summary>Returns the file's node and size.</summary>
    public (ulong Node, ulong Size) Lookup(ulong parent, string name)
    {
        var reply = Call(LookupCode, parent, [.. Encoding.UTF8.GetBytes(name), 0], 128);
        return (BinaryPrimitives.ReadUInt64LittleEndian(reply), BinaryPrimitives.ReadUInt64LittleEndian(reply.AsSpan(48)));
    }

    /// <summary>Returns the handle of a file opened for reading.</summary>
    public ulong Open(ulong node) => BinaryPrimitives.ReadUInt64LittleEndian(Call(OpenCode, node, new byte[8], 16));

    public byte[] Read(ulong node, ulong handle, ulong offset, int size)
    {
        var arguments = new byte[40];
        BinaryPrimitives.WriteUInt64LittleEndian(arguments, handle);
        BinaryPrimitives.WriteUInt64LittleEndian(arguments.AsSpan(8), offset);
        BinaryPrimitives.WriteInt32LittleEndian(arguments.AsSpan(16), size);
        return Call(ReadCode, node, arguments, size);
    }

    /// <summary>The errno, negated, with which a request ends.</summary>
    public int LookupError(ulong parent, string name) =>
        BinaryPrimitives.ReadInt32LittleEndian(Exchange(LookupCode, parent, [.. Encoding.UTF8.GetBytes(name), 0], 128).AsSpan(4));

    private byte[] Call(uint code, ulong node, byte[] arguments, int replyBytes)
    {
        var reply = Exchange(code, node, arguments, replyBytes);
        Assert.AreEqual(0, BinaryPrimitives.ReadInt32LittleEndian(reply.AsSpan(4)), $"FUSE request {code} failed.");
        return reply[OutHeader..];
    }

    private byte[] Exchange(uint code, ulong node, byte[] arguments, int replyBytes)
    {
        var header = new byte[InHeader];
        BinaryPrimitives.WriteInt32LittleEndian(header, InHeader + arguments.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(4), code);
        BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(8), ++_unique);
        BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(16), node);
        var reply = queue.Request([header, arguments], OutHeader, replyBytes);
        Assert.AreEqual(reply.Length, BinaryPrimitives.ReadInt32LittleEndian(reply));
        Assert.AreEqual(_unique, BinaryPrimitives.ReadUInt64LittleEndian(reply.AsSpan(8)));
        return reply;
    }
}
