using CsCheck;
using Kata.Ttrpc.Wire;

namespace Kata.Ttrpc.Tests;

[TestClass]
public sealed class FrameReaderTests
{
    private static readonly Gen<(FrameHeader Header, byte[] Data)> s_frame =
        from data in Gen.OneOf(Gen.Byte.Array[0, 40], Gen.Byte.Array[4000, 4200], Gen.Byte.Array[60_000, 140_000])
        from id in Gen.UInt
        from type in Gen.Byte
        from flags in Gen.Byte
        select (new FrameHeader((uint)data.Length, id, (FrameType)type, (FrameFlags)flags), data);

    [TestMethod]
    public void Header_Write_IsBigEndian()
    {
        var bytes = new byte[FrameHeader.Size];
        new FrameHeader(0x00010203, 0x04050607, FrameType.Data, FrameFlags.RemoteClosed | FrameFlags.NoData).Write(bytes);

        CollectionAssert.AreEqual(Convert.FromHexString("00010203040506070305"), bytes);
        Assert.AreEqual(new FrameHeader(0x00010203, 0x04050607, FrameType.Data, (FrameFlags)5), FrameHeader.Read(bytes));
    }

    [TestMethod]
    public void Read_AnyFramesInAnyPieces_ComeOutWhole()
    {
        Gen.Select(s_frame.Array[1, 8], Gen.Int[1, 9000]).Sample(
            (frames, piece) =>
            {
                var stream = frames.SelectMany(frame => RawPeer.Frame(
                    frame.Header.StreamId, (byte)frame.Header.Type, (byte)frame.Header.Flags, frame.Data)).ToArray();
                var read = ReadAll(new FrameReader(), stream, piece);
                return read.Count == frames.Length
                    && read.Zip(frames).All(pair => pair.First.Result == FrameReadResult.Frame
                        && pair.First.Header == pair.Second.Header && pair.First.Data.AsSpan().SequenceEqual(pair.Second.Data));
            },
            iter: 300);
    }

    [TestMethod]
    public void Read_Garbage_NeverThrowsAndAlwaysMakesProgress()
    {
        Gen.Select(Gen.Byte.Array[0, 3000], Gen.Int[1, 500]).Sample((bytes, piece) => { ReadAll(new FrameReader(), bytes, piece); }, iter: 3000);
    }

    [TestMethod]
    public void Read_HeaderByteByByte_ComesOutWhole()
    {
        var frame = RawPeer.Frame(7, 1, 0, 1, 2, 3);

        var read = ReadAll(new FrameReader(), frame, 1);

        Assert.HasCount(1, read);
        CollectionAssert.AreEqual(new byte[] { 1, 2, 3 }, read[0].Data);
    }

    [TestMethod]
    public void Read_LargestFrame_IsAFrame()
    {
        var read = ReadAll(new FrameReader(), RawPeer.Frame(1, 1, 0, new byte[FrameHeader.MaxLength]), 32 * 1024);

        Assert.AreEqual(FrameReadResult.Frame, read.Single().Result);
    }

    [TestMethod]
    public void Read_OversizedFrame_IsDiscardedWithoutABufferForIt()
    {
        var reader = new FrameReader();
        var largest = 0;
        var header = new byte[FrameHeader.Size];
        new FrameHeader(FrameHeader.MaxLength + 1, 5, FrameType.Request, FrameFlags.None).Write(header);
        var stream = (byte[])[.. header, .. new byte[FrameHeader.MaxLength + 1], .. RawPeer.Frame(7, 1, 0, 9)];

        var read = ReadAll(reader, stream, 16 * 1024, space => largest = Math.Max(largest, space));

        Assert.AreEqual(FrameReadResult.Oversized, read[0].Result);
        Assert.AreEqual(5u, read[0].Header.StreamId);
        Assert.AreEqual((FrameReadResult.Frame, 7u), (read[1].Result, read[1].Header.StreamId));
        Assert.IsLessThanOrEqualTo(4096, largest);
        Assert.IsTrue(reader.IsAtBoundary);
    }

    [TestMethod]
    public void Read_LengthNoMessageCanHave_IsMalformed()
    {
        var read = ReadAll(new FrameReader(), Convert.FromHexString("FFFFFFFF000000010100"), 10);

        Assert.AreEqual(FrameReadResult.Malformed, read.Single().Result);
    }

    [TestMethod]
    public void GetFreeSpace_LongFrameAnnounced_GrowsOnlyWithTheBytesThatCame()
    {
        var reader = new FrameReader();
        var header = new byte[FrameHeader.Size];
        new FrameHeader(FrameHeader.MaxLength, 1, FrameType.Request, FrameFlags.None).Write(header);
        header.CopyTo(reader.GetFreeSpace());
        reader.Advance(header.Length);

        Assert.AreEqual(FrameReadResult.Incomplete, reader.Read(out _, out _));
        Assert.IsLessThanOrEqualTo(4096, reader.GetFreeSpace().Length);
        Assert.IsFalse(reader.IsAtBoundary);
    }

    private static List<(FrameReadResult Result, FrameHeader Header, byte[] Data)> ReadAll(
        FrameReader reader, byte[] stream, int piece, Action<int>? onSpace = null)
    {
        var result = new List<(FrameReadResult, FrameHeader, byte[])>();
        for (var position = 0; position < stream.Length;)
        {
            var space = reader.GetFreeSpace();
            Assert.IsFalse(space.IsEmpty);
            onSpace?.Invoke(space.Length);
            var count = Math.Min(Math.Min(piece, space.Length), stream.Length - position);
            stream.AsSpan(position, count).CopyTo(space);
            reader.Advance(count);
            position += count;
            while (reader.Read(out var header, out var data) is var read and not FrameReadResult.Incomplete)
            {
                result.Add((read, header, data.ToArray()));
                if (read == FrameReadResult.Malformed)
                    return result;
            }
        }

        return result;
    }
}
