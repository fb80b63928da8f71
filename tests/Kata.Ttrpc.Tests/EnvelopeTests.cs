using System.Text;
using CsCheck;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Kata.Ttrpc.Tests.Wire;
using Kata.Ttrpc.Wire;
using Status = Grpc.Core.Status;
using WireStatus = Kata.Ttrpc.Tests.Wire.Status;

namespace Kata.Ttrpc.Tests;

[TestClass]
public sealed class EnvelopeTests
{
    private static readonly Marshaller<StringValue> s_marshaller = new(
        (message, context) =>
        {
            context.SetPayloadLength(message.CalculateSize());
            message.WriteTo(context.GetBufferWriter());
            context.Complete();
        },
        context => StringValue.Parser.ParseFrom(context.PayloadAsReadOnlySequence()));

    [TestMethod]
    public void BeginRequest_AllFields_MatchesTheBytesOfGo()
    {
        var frame = Write(1, FrameType.Request, writer =>
        {
            writer.BeginRequest("a.B", "Do", 300, new Metadata { { "k", "v" } });
            writer.WriteMessage(s_marshaller, new StringValue { Value = "hi" });
        });

        // Field order is that of the field numbers, as Go's encoder has it.
        Assert.AreEqual(
            "0000001A" + "00000001" + "01" + "00" // length, stream, request, flags
            + "0A03612E42" + "1202446F" + "1A040A026869" + "20AC02" + "2A060A016B120176",
            Convert.ToHexString(frame));
    }

    [TestMethod]
    public void BeginRequest_EmptyMessageAndNothingElse_LeavesFieldsOut() => Assert.AreEqual(
        "00000009" + "00000003" + "0100" + "0A03612E421202446F",
        Convert.ToHexString(Write(3, FrameType.Request, writer =>
        {
            writer.BeginRequest("a.B", "Do", 0, null);
            writer.WriteMessage(s_marshaller, new StringValue());
        })));

    [TestMethod]
    public void BeginResponse_Success_HasAnEmptyStatusAsInGo() => Assert.AreEqual(
        "00000008" + "00000001" + "0200" + "0A00" + "12040A026869",
        Convert.ToHexString(Write(1, FrameType.Response, writer =>
        {
            writer.BeginResponse([]);
            writer.WriteMessage(s_marshaller, new StringValue { Value = "hi" });
        })));

    [TestMethod]
    public void BeginResponse_Error_MatchesTheBytesOfGo() => Assert.AreEqual(
        "00000009" + "00000001" + "0200" + "0A07" + "0805" + "1203" + "6E6F70",
        Convert.ToHexString(Write(1, FrameType.Response, writer =>
            writer.BeginResponse(StatusCodec.Encode(new Status(StatusCode.NotFound, "nop"), null)))));

    [TestMethod]
    public void BeginRequest_AnyContent_IsWhatTheGeneratedParserReads()
    {
        Gen.Select(Gen.String, Gen.String, Gen.String[0, 3000], Gen.Long, Gen.Int[0, 3]).Sample((service, method, text, timeout, entries) =>
        {
            var metadata = new Metadata();
            for (var i = 0; i < entries; i++)
                metadata.Add("key", text);
            var frame = Write(1, FrameType.Request, writer =>
            {
                writer.BeginRequest(service, method, timeout, metadata);
                writer.WriteMessage(s_marshaller, new StringValue { Value = text });
            });
            var request = Request.Parser.ParseFrom(frame.AsSpan(FrameHeader.Size));
            // Lone surrogates become replacement characters on the way.
            string Utf8(string value) => Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(value));
            return request.Service == Utf8(service) && request.Method == Utf8(method) && request.TimeoutNano == timeout
                && request.Metadata.Count == entries && request.Metadata.All(pair => pair.Key == "key" && pair.Value == Utf8(text))
                && StringValue.Parser.ParseFrom(request.Payload).Value == Utf8(text);
        });
    }

    [TestMethod]
    public void TryReadRequest_AnyContent_FindsWhatTheGeneratedCodeWrote()
    {
        Gen.Select(Gen.String, Gen.Byte.Array, Gen.Long, Gen.String[Gen.Char.AlphaNumeric, 1, 5].Array).Sample((method, payload, timeout, values) =>
        {
            var request = new Request { Service = "s", Method = method, Payload = ByteString.CopyFrom(payload), TimeoutNano = timeout };
            request.Metadata.Add(values.Select(value => new KeyValue { Key = "key", Value = value }));
            Assert.IsTrue(RequestEnvelope.TryRead(request.ToByteArray(), out var read));
            Assert.AreEqual("s", Encoding.UTF8.GetString(read.Service));
            Assert.AreEqual(ByteString.CopyFromUtf8(method), ByteString.CopyFrom(read.Method));
            CollectionAssert.AreEqual(payload, read.Payload.ToArray());
            Assert.AreEqual(timeout, read.TimeoutNano);
            CollectionAssert.AreEqual(values, MetadataCodec.Decode(read.Metadata).GetAll("key").Select(entry => entry.Value).ToArray());
        });
    }

    [TestMethod]
    public void TryReadRequest_Garbage_AgreesWithTheGeneratedParser()
    {
        var known = new Request { Service = "abc", Method = "d", Payload = ByteString.CopyFromUtf8("efg"), TimeoutNano = -1, Metadata = { new KeyValue { Key = "k", Value = "v" } } }
            .ToByteArray();
        var mutated = from at in Gen.Int[0, known.Length - 1]
                      from value in Gen.Byte[0, 0x7f]
                      select (byte[])[.. known[..at], value, .. known[(at + 1)..]];
        Gen.OneOf(Gen.Byte[0, 0x7f].Array, mutated).Sample(
            bytes =>
            {
                bool parses;
                try
                {
                    RawRequest.Parser.ParseFrom(bytes);
                    parses = true;
                }
                catch (InvalidProtocolBufferException)
                {
                    parses = false;
                }

                return RequestEnvelope.TryRead(bytes, out _) == parses;
            },
            iter: 100_000);
    }

    [TestMethod]
    [DataRow("0A0161" + "0A0162", "b", DisplayName = "last of a repeated field")]
    [DataRow("F80105" + "0A0161", "a", DisplayName = "unknown varint")]
    [DataRow("FA01020000" + "0A0161", "a", DisplayName = "unknown bytes")]
    [DataRow("F901" + "0000000000000000" + "0A0161", "a", DisplayName = "unknown fixed64")]
    [DataRow("FD01" + "00000000" + "0A0161", "a", DisplayName = "unknown fixed32")]
    [DataRow("FB01" + "0801" + "FC01" + "0A0161", "a", DisplayName = "unknown group")]
    [DataRow("0805" + "0A0161", "a", DisplayName = "known number, other type")]
    public void TryReadRequest_OddFields_AreSteppedOver(string hex, string service)
    {
        Assert.IsTrue(RequestEnvelope.TryRead(Convert.FromHexString(hex), out var request));
        Assert.AreEqual(service, Encoding.UTF8.GetString(request.Service));
    }

    [TestMethod]
    [DataRow("0A", DisplayName = "no length")]
    [DataRow("0A05", DisplayName = "too short")]
    [DataRow("0AFFFFFFFFFFFFFFFFFF01", DisplayName = "huge length")]
    [DataRow("20FFFFFFFFFFFFFFFFFFFF01", DisplayName = "varint of 11 bytes")]
    [DataRow("00", DisplayName = "field 0")]
    [DataRow("0F", DisplayName = "wire type 7")]
    [DataRow("0C", DisplayName = "end of no group")]
    [DataRow("FB010C", DisplayName = "end of another group")]
    [DataRow("FB01", DisplayName = "group without end")]
    [DataRow("2A020A05", DisplayName = "bad metadata entry")]
    [DataRow("2100", DisplayName = "cut fixed64")]
    public void TryReadRequest_Malformed_IsRefused(string hex) => Assert.IsFalse(RequestEnvelope.TryRead(Convert.FromHexString(hex), out _));

    [TestMethod]
    public void TryReadRequest_DeepGroups_AreRefusedWithoutStackOverflow() =>
        Assert.IsFalse(RequestEnvelope.TryRead(Enumerable.Repeat((byte)0x0B, 1_000_000).ToArray(), out _));

    [TestMethod]
    public void Decode_ManyMetadataEntries_AllRead()
    {
        var request = new Request();
        request.Metadata.Add(Enumerable.Range(0, 100_000).Select(i => new KeyValue { Key = "k", Value = $"{i}" }));

        Assert.IsTrue(RequestEnvelope.TryRead(request.ToByteArray(), out var read));
        Assert.HasCount(100_000, MetadataCodec.Decode(read.Metadata));
    }

    [TestMethod]
    public void Decode_KeysGrpcCannotExpress_AreLeftOut()
    {
        var request = new Request
        {
            Metadata =
            {
                new KeyValue { Key = "Upper-Case", Value = "1" },
                new KeyValue { Key = "spa ce", Value = "2" },
                new KeyValue { Key = "", Value = "3" },
                new KeyValue { Key = "x-bin", Value = "AQI=" },
                new KeyValue { Key = "y-bin", Value = "AQI" },
                new KeyValue { Key = "z-bin", Value = "*" },
            },
        };
        Assert.IsTrue(RequestEnvelope.TryRead(request.ToByteArray(), out var read));

        var metadata = MetadataCodec.Decode(read.Metadata);

        CollectionAssert.AreEqual(new[] { "upper-case", "x-bin", "y-bin" }, metadata.Select(entry => entry.Key).ToArray());
        CollectionAssert.AreEqual(new byte[] { 1, 2 }, metadata.GetValueBytes("x-bin"));
        CollectionAssert.AreEqual(new byte[] { 1, 2 }, metadata.GetValueBytes("y-bin"));
    }

    [TestMethod]
    public void StatusCodec_Details_SurviveBothWays()
    {
        var sent = new WireStatus { Code = 5, Message = "gone", Details = { Any.Pack(new StringValue { Value = "which" }) } };

        var status = StatusCodec.Decode(sent.ToByteArray(), out var trailers);
        var back = WireStatus.Parser.ParseFrom(StatusCodec.Encode(status, trailers));

        Assert.AreEqual((StatusCode.NotFound, "gone"), (status.StatusCode, status.Detail));
        Assert.AreEqual(sent, back);
    }

    [TestMethod]
    public void Decode_MalformedStatus_IsInternal() =>
        Assert.AreEqual(StatusCode.Internal, StatusCodec.Decode([0x12, 0x05], out _).StatusCode);

    [TestMethod]
    public void WriteMessage_SerializerWithoutLength_IsReadable()
    {
        var marshaller = new Marshaller<StringValue>(
            (message, context) =>
            {
                message.WriteTo(context.GetBufferWriter());
                context.Complete();
            },
            _ => throw new NotSupportedException());
        var text = new string('x', 5000);

        var frame = Write(1, FrameType.Request, writer =>
        {
            writer.BeginRequest("s", "m", 1, null);
            writer.WriteMessage(marshaller, new StringValue { Value = text });
        });

        var request = Request.Parser.ParseFrom(frame.AsSpan(FrameHeader.Size));
        Assert.AreEqual(text, StringValue.Parser.ParseFrom(request.Payload).Value);
        Assert.AreEqual(1, request.TimeoutNano);
    }

    [TestMethod]
    public void WriteMessage_SerializerWithArray_IsReadable()
    {
        var marshaller = Marshallers.Create(message => message.ToByteArray(), StringValue.Parser.ParseFrom);

        var frame = Write(1, FrameType.Data, writer =>
        {
            writer.BeginData();
            writer.WriteMessage(marshaller, new StringValue { Value = "hi" });
        });

        Assert.AreEqual("00000004" + "00000001" + "0300" + "0A026869", Convert.ToHexString(frame));
    }

    private static byte[] Write(uint id, FrameType type, Action<FrameWriter> fill)
    {
        var writer = FrameWriter.Rent();
        try
        {
            fill(writer);
            writer.Finish(id, type);
            return writer.Frame.ToArray();
        }
        finally
        {
            writer.Return();
        }
    }
}
