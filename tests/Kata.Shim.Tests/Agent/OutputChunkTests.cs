using System.Buffers;
using Google.Protobuf;
using Grpc.Core;
using Kata.Protocols.Agent;
using Kata.Shim.Agent;

namespace Kata.Shim.Tests.Agent;

[TestClass]
public sealed class OutputChunkTests
{
    [TestMethod]
    [DataRow(0)]
    [DataRow(1)]
    [DataRow(127)]
    [DataRow(128)]
    [DataRow(64 * 1024)]
    public void Parse_HasTheBytesOfTheMessage(int length)
    {
        var expected = Bytes(length);
        using var chunk = Parse(new ReadStreamResponse { Data = ByteString.CopyFrom(expected) }.ToByteArray());
        CollectionAssert.AreEqual(expected, chunk.Data.ToArray());
    }

    [TestMethod]
    public void Parse_SeveralFields_KeepsTheLastDataAndSkipsTheUnknown()
    {
        // Fields 1 "no", 2 varint 300, 1 "yes", 3 "other".
        using var chunk = Parse([0x0a, 2, .. "no"u8, 0x10, 0xac, 0x02, 0x0a, 3, .. "yes"u8, 0x1a, 5, .. "other"u8]);
        Assert.IsTrue(chunk.Data.Span.SequenceEqual("yes"u8));
    }

    [TestMethod]
    public void Parse_LengthInMoreBytesThanItNeeds_IsRead()
    {
        using var chunk = Parse([0x0a, 0x83, 0x80, 0x00, .. "yes"u8]);
        Assert.IsTrue(chunk.Data.Span.SequenceEqual("yes"u8));
    }

    [TestMethod]
    public void Parse_CutOff_IsRefused()
    {
        var message = new ReadStreamResponse { Data = ByteString.CopyFrom(Bytes(200)) }.ToByteArray();
        for (var length = 1; length < message.Length; length++)
            Assert.ThrowsExactly<InvalidProtocolBufferException>(() => Parse(message[..length]), $"{length} bytes");
    }

    [TestMethod]
    public void Parse_LongerThanTheMessage_IsRefused() =>
        Assert.ThrowsExactly<InvalidProtocolBufferException>(() => Parse([0x0a, 0xff, 0xff, 0xff, 0xff, 0x07, 1, 2, 3]));

    [TestMethod]
    public void Parse_Streaming_AllocatesNoByteOfTheData()
    {
        const int Rounds = 1000;
        var payload = new Payload(new ReadStreamResponse { Data = ByteString.CopyFrom(Bytes(64 * 1024)) }.ToByteArray());
        var parse = OutputChunk.MethodOf(AgentService.Methods.ReadStdout).ResponseMarshaller.ContextualDeserializer;
        parse(payload).Dispose();
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < Rounds; i++)
            parse(payload).Dispose();
        var each = (GC.GetAllocatedBytesForCurrentThread() - before) / Rounds;
        Assert.IsLessThan(512, each, "bytes for each chunk of 64 KiB");
    }

    private static byte[] Bytes(int length) => [.. Enumerable.Range(0, length).Select(i => (byte)(i * 7))];

    private static OutputChunk Parse(byte[] message) => OutputChunk.MethodOf(AgentService.Methods.ReadStdout).ResponseMarshaller.ContextualDeserializer(new Payload(message));

    /// <summary>A message in the middle of a larger buffer, as received frames are.</summary>
    private sealed class Payload(byte[] message) : DeserializationContext
    {
        private readonly byte[] _buffer = [1, 2, 3, .. message, 4, 5];

        public override int PayloadLength => message.Length;

        public override byte[] PayloadAsNewBuffer() => [.. message];

        public override ReadOnlySequence<byte> PayloadAsReadOnlySequence() => new(_buffer, 3, message.Length);
    }
}
