using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Kata.Ttrpc.Tests.Wire;
using Kata.Ttrpc.Wire;

namespace Kata.Ttrpc.Tests;

/// <summary>What a server answers to bytes: each row of its obligations, and that the connection goes on.</summary>
[TestClass]
public sealed class ServerWireTests
{
    [TestMethod]
    public async Task Call_KnownBytes_KnownAnswer()
    {
        await using var server = ProbeService.CreateServer();
        using var peer = RawPeer.ConnectTo(server);
        // Echo("hi") of kata.probe.Probe on stream 1.
        peer.Send(Convert.FromHexString("0000001E" + "00000001" + "0100" + "0A106B6174612E70726F62652E50726F6265" + "12044563686F" + "1A040A026869"));

        Assert.AreEqual("00000008" + "00000001" + "0200" + "0A00" + "12040A026869", Convert.ToHexString(peer.Receive(18)));
    }

    [TestMethod]
    public async Task Call_ByteByByteAndManyAtOnce_AllAnswered()
    {
        await using var server = ProbeService.CreateServer();
        using var peer = RawPeer.ConnectTo(server);
        foreach (var one in Echo(1))
            peer.Send([one]);
        AssertEcho(peer, 1);

        peer.Send([.. Enumerable.Range(1, 200).SelectMany(i => Echo((uint)(2 * i) + 1))]);

        var ids = Enumerable.Range(0, 200).Select(_ => peer.ReceiveFrame().Header.StreamId).Order().ToArray();
        CollectionAssert.AreEqual(Enumerable.Range(1, 200).Select(i => (uint)(2 * i) + 1).ToArray(), ids);
    }

    [TestMethod]
    public async Task Request_OverTheLimit_IsAnsweredAndTheConnectionGoesOn()
    {
        await using var server = ProbeService.CreateServer();
        using var peer = RawPeer.ConnectTo(server);
        var header = new byte[FrameHeader.Size];
        new FrameHeader(FrameHeader.MaxLength + 1, 1, FrameType.Request, FrameFlags.None).Write(header);
        peer.Send(header, new byte[FrameHeader.MaxLength + 1]);

        var (code, message) = peer.ReceiveStatus(1);

        Assert.AreEqual((int)StatusCode.ResourceExhausted, code);
        Assert.AreEqual("message length 4194305 exceed maximum message size of 4194304", message);
        peer.Send(Echo(3));
        AssertEcho(peer, 3);
    }

    [TestMethod]
    [DataRow(0u)]
    [DataRow(2u)]
    [DataRow(0xFFFFFFFEu)]
    public async Task Request_EvenStream_IsInvalidArgument(uint id)
    {
        await using var server = ProbeService.CreateServer();
        using var peer = RawPeer.ConnectTo(server);
        peer.Send(Echo(id));

        Assert.AreEqual((3, "StreamID must be odd for client initiated streams"), peer.ReceiveStatus(id));
        peer.Send(Echo(3));
        AssertEcho(peer, 3);
    }

    [TestMethod]
    [DataRow(9u)]
    [DataRow(7u)]
    public async Task Request_StreamNotAboveTheLast_IsInvalidArgument(uint id)
    {
        await using var server = ProbeService.CreateServer();
        using var peer = RawPeer.ConnectTo(server);
        peer.Send(Echo(9));
        AssertEcho(peer, 9);

        peer.Send(Echo(id));

        Assert.AreEqual((3, "StreamID cannot be re-used and must increment"), peer.ReceiveStatus(id));
        peer.Send(Echo(0xFFFFFFFF));
        AssertEcho(peer, 0xFFFFFFFF);
    }

    [TestMethod]
    public async Task Request_Undecodable_IsInvalidArgument()
    {
        await using var server = ProbeService.CreateServer();
        using var peer = RawPeer.ConnectTo(server);
        peer.Send(RawPeer.Frame(1, 1, 0, 0x0A, 0x05));

        var (code, message) = peer.ReceiveStatus(1);

        Assert.AreEqual(3, code);
        StringAssert.StartsWith(message, "unmarshal request error:", StringComparison.Ordinal);
    }

    [TestMethod]
    [DataRow("kata.probe.Nope", "Echo", "service kata.probe.Nope")]
    [DataRow("", "Echo", "service ")]
    [DataRow(ProbeService.Name, "Nope", "method Nope")]
    [DataRow(ProbeService.Name, "", "method ")]
    public async Task Request_UnknownName_IsUnimplementedInTheWordsOfGo(string service, string method, string expected)
    {
        await using var server = ProbeService.CreateServer();
        using var peer = RawPeer.ConnectTo(server);
        peer.Send(RawPeer.RequestFrame(1, method, null, service: service));

        Assert.AreEqual((12, expected), peer.ReceiveStatus(1));
    }

    [TestMethod]
    public async Task Request_EmptyFrame_IsUnimplemented()
    {
        await using var server = ProbeService.CreateServer();
        using var peer = RawPeer.ConnectTo(server);
        peer.Send(RawPeer.Frame(1, 1, 0));

        Assert.AreEqual((12, "service "), peer.ReceiveStatus(1));
    }

    [TestMethod]
    public async Task Request_UndecodablePayload_IsInternal()
    {
        await using var server = ProbeService.CreateServer();
        using var peer = RawPeer.ConnectTo(server);
        var request = new Request { Service = ProbeService.Name, Method = "Echo", Payload = ByteString.CopyFrom(0x0A, 0x7F) };
        peer.Send(RawPeer.Frame(1, 1, 0, request.ToByteArray()));

        var (code, message) = peer.ReceiveStatus(1);

        Assert.AreEqual(13, code);
        StringAssert.StartsWith(message, "ttrpc: error unmarshalling payload:", StringComparison.Ordinal);
    }

    [TestMethod]
    public async Task Request_PayloadAbsentOrEmpty_IsTheDefaultMessage()
    {
        await using var server = ProbeService.CreateServer();
        using var peer = RawPeer.ConnectTo(server);
        var request = new Request { Service = ProbeService.Name, Method = "Echo" }.ToByteArray();
        peer.Send(RawPeer.Frame(1, 1, 0, request));
        Assert.AreEqual(0, peer.ReceiveResponse(1).Payload.Length);

        peer.Send(RawPeer.Frame(3, 1, 0, [.. request, 0x1A, 0x00]));

        Assert.AreEqual(0, peer.ReceiveResponse(3).Payload.Length);
    }

    [TestMethod]
    public async Task Request_NotUtf8_IsAnswered()
    {
        await using var server = ProbeService.CreateServer();
        using var peer = RawPeer.ConnectTo(server);
        peer.Send(RawPeer.Frame(1, 1, 0, 0x0A, 0x02, 0xC3, 0x28, 0x12, 0x01, 0xFF));

        Assert.AreEqual(12, peer.ReceiveStatus(1).Code);
    }

    [TestMethod]
    [DataRow((byte)0)]
    [DataRow((byte)2)]
    [DataRow((byte)4)]
    [DataRow((byte)255)]
    public async Task Frame_OtherType_IsIgnored(byte type)
    {
        await using var server = ProbeService.CreateServer();
        using var peer = RawPeer.ConnectTo(server);
        peer.Send(RawPeer.Frame(1, type, 0xFF, 1, 2, 3), Echo(1));

        AssertEcho(peer, 1);
    }

    [TestMethod]
    public async Task Request_AllFlagsOnUnary_IsAnswered()
    {
        await using var server = ProbeService.CreateServer();
        using var peer = RawPeer.ConnectTo(server);
        peer.Send(RawPeer.RequestFrame(1, "Echo", new StringValue { Value = "x" }, flags: 0xFF));

        AssertEcho(peer, 1);
    }

    [TestMethod]
    public async Task Request_ResponseOverTheLimit_IsResourceExhausted()
    {
        await using var server = ProbeService.CreateServer(new ProbeService
        {
            OnEcho = (_, _) => Task.FromResult(new StringValue { Value = new string('x', FrameHeader.MaxLength) }),
        });
        using var peer = RawPeer.ConnectTo(server);
        peer.Send(Echo(1));

        Assert.AreEqual((int)StatusCode.ResourceExhausted, peer.ReceiveStatus(1).Code);
    }

    [TestMethod]
    public async Task Connection_NoTtrpc_IsClosedWithALoggedReasonAndHarmsNoOther()
    {
        var log = new TestLog();
        await using var server = ProbeService.CreateServer(options: new TtrpcServerOptions { Logger = log });
        using var other = RawPeer.ConnectTo(server);
        using var peer = RawPeer.ConnectTo(server);
        peer.Send(Convert.FromHexString("FFFFFFFF000000010100"));

        peer.ExpectEnd();

        await log.WaitForAsync("that is no ttrpc");
        other.Send(Echo(1));
        AssertEcho(other, 1);
    }

    [TestMethod]
    public async Task Connection_EndWithinAFrame_IsLogged()
    {
        var log = new TestLog();
        await using var server = ProbeService.CreateServer(options: new TtrpcServerOptions { Logger = log });
        using var peer = RawPeer.ConnectTo(server);
        peer.Send(Echo(1)[..15]);
        peer.CloseSending();

        peer.ExpectEnd();

        await log.WaitForAsync("middle of a frame");
    }

    [TestMethod]
    public async Task Connection_SendingSideClosedWithReplyPending_IsTheEndAsInGo()
    {
        var cancelled = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var server = ProbeService.CreateServer(new ProbeService
        {
            OnWait = async (request, context) =>
            {
                using var registration = context.CancellationToken.Register(cancelled.SetResult);
                await cancelled.Task;
                return request;
            },
        });
        using var peer = RawPeer.ConnectTo(server);
        peer.Send(RawPeer.RequestFrame(1, "Wait", null));
        peer.CloseSending();

        peer.ExpectEnd();

        await cancelled.Task.WaitAsync(TimeSpan.FromSeconds(20));
    }

    [TestMethod]
    [DataRow(-1L)]
    [DataRow(long.MinValue)]
    [DataRow(1L)]
    public async Task Request_DeadlineOver_CancelsTheHandler(long timeout)
    {
        await using var server = ProbeService.CreateServer();
        using var peer = RawPeer.ConnectTo(server);
        peer.Send(RawPeer.Frame(1, 1, 0, new Request { Service = ProbeService.Name, Method = "Wait", TimeoutNano = timeout }.ToByteArray()));

        Assert.AreEqual((int)StatusCode.DeadlineExceeded, peer.ReceiveStatus(1).Code);
    }

    [TestMethod]
    public async Task Request_LongestDeadline_IsServed()
    {
        await using var server = ProbeService.CreateServer();
        using var peer = RawPeer.ConnectTo(server);
        peer.Send(RawPeer.Frame(1, 1, 0, new Request { Service = ProbeService.Name, Method = "Remaining", TimeoutNano = long.MaxValue }.ToByteArray()));

        Assert.IsGreaterThan(0, Int64Value.Parser.ParseFrom(peer.ReceiveResponse(1).Payload).Value);
    }

    [TestMethod]
    public async Task Connection_PeerNeverReads_IsNotReadFromForEver()
    {
        var handled = 0;
        await using var server = ProbeService.CreateServer(new ProbeService
        {
            OnEcho = (request, _) =>
            {
                Interlocked.Increment(ref handled);
                return Task.FromResult(request);
            },
        });
        using var peer = RawPeer.ConnectTo(server);
        Kata.Linux.FileDescriptors.SetNonBlocking(peer.Socket, true);
        var (requests, text) = (0u, new StringValue { Value = new string('x', 100_000) });
        for (; requests < 1000; requests++)
        {
            var frame = RawPeer.RequestFrame((2 * requests) + 1, "Echo", text);
            var sent = 0;
            // A second without room means that the server has stopped to read.
            while (sent < frame.Length
                && Kata.Linux.FileDescriptors.Poll(peer.Socket, Kata.Linux.PollEvents.Writable, TimeSpan.FromSeconds(1)) != 0)
            {
                sent += Math.Max(Kata.Linux.StreamSocket.Send(peer.Socket, frame.AsSpan(sent)), 0);
            }

            if (sent < frame.Length)
                break;
        }

        Assert.IsLessThan(1000u, requests);
        Assert.IsLessThan(200, Volatile.Read(ref handled));
        // Other connections are unaffected, and this one goes on once its peer reads.
        using var other = RawPeer.ConnectTo(server);
        other.Send(Echo(1));
        AssertEcho(other, 1);
        for (var i = 0; i < requests; i++)
            Assert.AreEqual(FrameType.Response, peer.ReceiveFrame().Header.Type);
    }

    private static byte[] Echo(uint id) => RawPeer.RequestFrame(id, "Echo", new StringValue { Value = "x" });

    private static void AssertEcho(RawPeer peer, uint id) =>
        Assert.AreEqual("x", StringValue.Parser.ParseFrom(peer.ReceiveResponse(id).Payload).Value);
}
