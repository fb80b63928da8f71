using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Kata.Ttrpc.Tests.Probing;
using Kata.Ttrpc.Tests.Wire;
using Kata.Ttrpc.Wire;

namespace Kata.Ttrpc.Tests;

/// <summary>What a client sends, and what it makes of answers.</summary>
[TestClass]
public sealed class ClientWireTests
{
    [TestMethod]
    public async Task Echo_First_SendsKnownBytes()
    {
        var (peer, channel) = RawPeer.CreateServer();
        using (peer)
        await using (channel)
        {
            var call = new Probe.ProbeClient(channel).EchoAsync(new StringValue { Value = "hi" }).ResponseAsync;

            Assert.AreEqual(
                "0000001E" + "00000001" + "0100" + "0A106B6174612E70726F62652E50726F6265" + "12044563686F" + "1A040A026869",
                Convert.ToHexString(peer.Receive(40)));
            peer.Send(Convert.FromHexString("00000008" + "00000001" + "0200" + "0A00" + "12040A026869"));
            Assert.AreEqual("hi", (await call).Value);
        }
    }

    [TestMethod]
    public async Task Echo_AnswersInAnyOrderAndPieces_ReachTheirCalls()
    {
        var (peer, channel) = RawPeer.CreateServer();
        using (peer)
        await using (channel)
        {
            var client = new Probe.ProbeClient(channel);
            var calls = Enumerable.Range(0, 3).Select(_ => client.EchoAsync(new StringValue()).ResponseAsync).ToArray();
            CollectionAssert.AreEqual(new uint[] { 1, 3, 5 }, Enumerable.Range(0, 3).Select(_ => peer.ReceiveFrame().Header.StreamId).ToArray());

            foreach (var one in Enumerable.Concat(Reply(5, "c"), Reply(1, "a")))
                peer.Send([one]);
            peer.Send([.. Reply(99, "nobody"), .. Reply(3, "b"), .. Reply(3, "twice")]);

            CollectionAssert.AreEqual(new[] { "a", "b", "c" }, (await Task.WhenAll(calls)).Select(reply => reply.Value).ToArray());
        }
    }

    [TestMethod]
    public async Task Echo_NoStatusInReply_IsSuccess()
    {
        var (peer, channel) = RawPeer.CreateServer();
        using (peer)
        await using (channel)
        {
            var call = new Probe.ProbeClient(channel).EchoAsync(new StringValue { Value = "x" }).ResponseAsync;
            peer.ReceiveFrame();
            peer.Send(RawPeer.Frame(1, 2, 0));

            Assert.AreEqual("", (await call).Value);
        }
    }

    [TestMethod]
    public async Task Echo_ErrorWithDetails_BecomesRpcException()
    {
        var (peer, channel) = RawPeer.CreateServer();
        using (peer)
        await using (channel)
        {
            using var call = new Probe.ProbeClient(channel).EchoAsync(new StringValue());
            peer.ReceiveFrame();
            var status = new Wire.Status { Code = 5, Message = "task x: not found", Details = { Any.Pack(new StringValue { Value = "detail" }) } };
            peer.Send(RawPeer.Frame(1, 2, 0, new Response { Status = status }.ToByteArray()));

            var error = await Assert.ThrowsExactlyAsync<RpcException>(async () => await call);

            Assert.AreEqual((StatusCode.NotFound, "task x: not found"), (error.StatusCode, error.Status.Detail));
            Assert.AreEqual(status, Wire.Status.Parser.ParseFrom(error.Trailers.GetValueBytes("grpc-status-details-bin")));
            Assert.AreEqual(StatusCode.NotFound, call.GetStatus().StatusCode);
            Assert.HasCount(1, call.GetTrailers());
        }
    }

    [TestMethod]
    [DataRow("0205", StatusCode.Internal, DisplayName = "undecodable response")]
    [DataRow("12020A7F", StatusCode.Internal, DisplayName = "undecodable payload")]
    [DataRow("0A020800", StatusCode.OK, DisplayName = "status with code 0")]
    public async Task Echo_OddReply_ConcernsThisCallOnly(string hex, StatusCode expected)
    {
        var (peer, channel) = RawPeer.CreateServer();
        using (peer)
        await using (channel)
        {
            using var call = new Probe.ProbeClient(channel).EchoAsync(new StringValue());
            var next = new Probe.ProbeClient(channel).EchoAsync(new StringValue()).ResponseAsync;
            peer.ReceiveFrame();
            peer.Send(RawPeer.Frame(1, 2, 0, Convert.FromHexString(hex)), Reply(3, "fine"));

            Assert.AreEqual("fine", (await next).Value);
            Assert.AreEqual(expected, await CodeOfAsync(call.ResponseAsync));
        }
    }

    [TestMethod]
    [DataRow((byte)1)]
    [DataRow((byte)3)]
    [DataRow((byte)77)]
    public async Task Echo_OtherFrameType_ConcernsThisCallOnly(byte type)
    {
        var (peer, channel) = RawPeer.CreateServer();
        using (peer)
        await using (channel)
        {
            var call = new Probe.ProbeClient(channel).EchoAsync(new StringValue()).ResponseAsync;
            var next = new Probe.ProbeClient(channel).EchoAsync(new StringValue()).ResponseAsync;
            peer.Send(RawPeer.Frame(1, type, 0), Reply(3, "fine"));

            Assert.AreEqual("fine", (await next).Value);
            Assert.AreEqual(StatusCode.Internal, await CodeOfAsync(call));
        }
    }

    [TestMethod]
    public async Task Echo_ReplyOverTheLimit_IsResourceExhaustedAndTheConnectionGoesOn()
    {
        var (peer, channel) = RawPeer.CreateServer();
        using (peer)
        await using (channel)
        {
            var call = new Probe.ProbeClient(channel).EchoAsync(new StringValue()).ResponseAsync;
            var next = new Probe.ProbeClient(channel).EchoAsync(new StringValue()).ResponseAsync;
            var header = new byte[FrameHeader.Size];
            new FrameHeader(FrameHeader.MaxLength + 1, 1, FrameType.Response, FrameFlags.None).Write(header);
            peer.Send(header, new byte[FrameHeader.MaxLength + 1], Reply(3, "fine"));

            Assert.AreEqual("fine", (await next).Value);
            Assert.AreEqual(StatusCode.ResourceExhausted, await CodeOfAsync(call));
        }
    }

    [TestMethod]
    public async Task Echo_RequestOverTheLimit_FailsWithoutAByte()
    {
        var (peer, channel) = RawPeer.CreateServer();
        using (peer)
        await using (channel)
        {
            var client = new Probe.ProbeClient(channel);

            Assert.AreEqual(
                StatusCode.ResourceExhausted,
                await CodeOfAsync(client.EchoAsync(new StringValue { Value = new string('x', FrameHeader.MaxLength) }).ResponseAsync));

            var next = client.EchoAsync(new StringValue()).ResponseAsync;
            Assert.AreEqual(1u, peer.ReceiveFrame().Header.StreamId);
            peer.Send(Reply(1, ""));
            await next;
        }
    }

    [TestMethod]
    public async Task Echo_HeadersAndDeadline_AreSent()
    {
        var (peer, channel) = RawPeer.CreateServer();
        using (peer)
        await using (channel)
        {
            var headers = new Metadata { { "containerd-namespace-ttrpc", "k8s.io" }, { "many", "1" }, { "many", "2" }, { "x-bin", [1, 2] } };
            _ = new Probe.ProbeClient(channel).EchoAsync(new StringValue(), headers, DateTime.UtcNow.AddMinutes(1)).ResponseAsync;

            var request = Request.Parser.ParseFrom(peer.ReceiveFrame().Data);

            CollectionAssert.AreEqual(
                new[] { "containerd-namespace-ttrpc=k8s.io", "many=1", "many=2", "x-bin=AQI=" },
                request.Metadata.Select(pair => $"{pair.Key}={pair.Value}").ToArray());
            Assert.IsInRange(30_000_000_000, 60_000_000_000, request.TimeoutNano);
        }
    }

    [TestMethod]
    public async Task Streams_FramesOfEachShape_AreAsSpecified()
    {
        var (peer, channel) = RawPeer.CreateServer();
        using (peer)
        await using (channel)
        {
            var client = new Probe.ProbeClient(channel);
            using var chat = client.Chat();
            await chat.RequestStream.WriteAsync(new StringValue { Value = "hi" });
            await chat.RequestStream.WriteAsync(new StringValue());
            await chat.RequestStream.CompleteAsync();
            using var count = client.Count(new Int64Value { Value = 1 });

            Assert.AreEqual((FrameType.Request, FrameFlags.RemoteOpen), TypeAndFlags(peer.ReceiveFrame().Header));
            Assert.AreEqual(
                "00000004" + "00000001" + "0300" + "0A026869" + "00000000" + "00000001" + "0300" + "00000000" + "00000001" + "0305",
                Convert.ToHexString(peer.Receive(34)));
            Assert.AreEqual((FrameType.Request, FrameFlags.RemoteClosed), TypeAndFlags(peer.ReceiveFrame().Header));
        }
    }

    [TestMethod]
    [DataRow("00000000" + "00000001" + "0305", StatusCode.OK, 0, DisplayName = "closed without data")]
    [DataRow("00000002" + "00000001" + "0301" + "0807", StatusCode.OK, 1, DisplayName = "closed with the last message")]
    [DataRow("00000000" + "00000001" + "0300" + "00000000" + "00000001" + "0305", StatusCode.OK, 1, DisplayName = "an empty message")]
    [DataRow("00000002" + "00000001" + "0200" + "0A00", StatusCode.OK, 0, DisplayName = "a response without error")]
    [DataRow("00000002" + "00000001" + "0300" + "0807" + "00000004" + "00000001" + "0200" + "0A020809", StatusCode.FailedPrecondition, 1, DisplayName = "an error after a message")]
    [DataRow("00000001" + "00000001" + "0300" + "08", StatusCode.Internal, 0, DisplayName = "an undecodable message")]
    public async Task Count_EndOfStream_IsUnderstood(string hex, StatusCode expected, int messages)
    {
        var (peer, channel) = RawPeer.CreateServer();
        using (peer)
        await using (channel)
        {
            using var call = new Probe.ProbeClient(channel).Count(new Int64Value());
            peer.Send(Convert.FromHexString(hex));
            var (code, seen) = (StatusCode.OK, 0);
            try
            {
                for (; await call.ResponseStream.MoveNext(); seen++)
                {
                }
            }
            catch (RpcException e)
            {
                code = e.StatusCode;
            }

            Assert.AreEqual((expected, messages), (code, seen));
        }
    }

    private static (FrameType, FrameFlags) TypeAndFlags(FrameHeader header) => (header.Type, header.Flags);

    private static byte[] Reply(uint id, string text) => RawPeer.Frame(
        id, 2, 0, new Response { Status = new Wire.Status(), Payload = new StringValue { Value = text }.ToByteString() }.ToByteArray());

    private static async Task<StatusCode> CodeOfAsync(Task call)
    {
        try
        {
            await call.WaitAsync(TimeSpan.FromSeconds(20));
            return StatusCode.OK;
        }
        catch (RpcException e)
        {
            return e.StatusCode;
        }
    }
}
