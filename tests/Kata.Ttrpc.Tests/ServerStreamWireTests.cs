using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Kata.Ttrpc.Wire;

namespace Kata.Ttrpc.Tests;

/// <summary>Streams as a server sees them on the wire.</summary>
[TestClass]
public sealed class ServerStreamWireTests
{
    private const byte RemoteClosed = 1;
    private const byte RemoteOpen = 2;
    private const byte NoData = 4;

    [TestMethod]
    public async Task Chat_DataFrames_AreEchoedAndEndedWithNoData()
    {
        await using var server = ProbeService.CreateServer();
        using var peer = RawPeer.ConnectTo(server);
        peer.Send(RawPeer.RequestFrame(1, "Chat", null, RemoteOpen), RawPeer.DataFrame(1, 0, new StringValue { Value = "hi" }));
        Assert.AreEqual("00000004" + "00000001" + "0300" + "0A026869", Convert.ToHexString(peer.Receive(14)));

        peer.Send(RawPeer.DataFrame(1, RemoteClosed | NoData, null));

        Assert.AreEqual("00000000" + "00000001" + "0305", Convert.ToHexString(peer.Receive(10)));
    }

    [TestMethod]
    public async Task Chat_EmptyMessage_IsDelivered()
    {
        await using var server = ProbeService.CreateServer();
        using var peer = RawPeer.ConnectTo(server);
        peer.Send(RawPeer.RequestFrame(1, "Chat", null, RemoteOpen), RawPeer.DataFrame(1, 0, null));

        Assert.AreEqual("00000000" + "00000001" + "0300", Convert.ToHexString(peer.Receive(10)));
    }

    [TestMethod]
    public async Task Sum_ClosedByNoData_HasOneResponse()
    {
        await using var server = ProbeService.CreateServer();
        using var peer = RawPeer.ConnectTo(server);
        peer.Send(RawPeer.RequestFrame(1, "Sum", null, RemoteOpen), Number(1, 5), Number(1, 7), RawPeer.DataFrame(1, RemoteClosed | NoData, null));

        Assert.AreEqual(12, Int64Value.Parser.ParseFrom(peer.ReceiveResponse(1).Payload).Value);
    }

    [TestMethod]
    public async Task Sum_MessageInTheRequest_IsTheFirst()
    {
        await using var server = ProbeService.CreateServer();
        using var peer = RawPeer.ConnectTo(server);
        peer.Send(RawPeer.RequestFrame(1, "Sum", new Int64Value { Value = 3 }, RemoteClosed));

        Assert.AreEqual(3, Int64Value.Parser.ParseFrom(peer.ReceiveResponse(1).Payload).Value);
    }

    [TestMethod]
    public async Task Count_RequestWithMessage_StreamsAndEnds()
    {
        await using var server = ProbeService.CreateServer();
        using var peer = RawPeer.ConnectTo(server);
        peer.Send(RawPeer.RequestFrame(1, "Count", new Int64Value { Value = 2 }, RemoteClosed));

        Assert.AreEqual(
            "00000002" + "00000001" + "0300" + "0801" + "00000002" + "00000001" + "0300" + "0802" + "00000000" + "00000001" + "0305",
            Convert.ToHexString(peer.Receive(34)));
    }

    [TestMethod]
    public async Task Data_UnknownStream_IsInvalidArgument()
    {
        await using var server = ProbeService.CreateServer();
        using var peer = RawPeer.ConnectTo(server);
        peer.Send(Number(1, 5));

        Assert.AreEqual((3, "StreamID is no longer active"), peer.ReceiveStatus(1));
    }

    [TestMethod]
    public async Task Data_AfterClose_IsInvalidArgument()
    {
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var server = ProbeService.CreateServer(new ProbeService
        {
            OnSum = async (_, _) =>
            {
                await gate.Task;
                return new Int64Value();
            },
        });
        using var peer = RawPeer.ConnectTo(server);
        peer.Send(RawPeer.RequestFrame(1, "Sum", null, RemoteOpen), RawPeer.DataFrame(1, RemoteClosed | NoData, null), Number(1, 5));

        Assert.AreEqual((3, "data handling error: ttrpc: stream closed"), peer.ReceiveStatus(1));
        gate.SetResult();
        peer.Send(RawPeer.RequestFrame(3, "Sum", new Int64Value { Value = 1 }, RemoteClosed));
        Assert.AreEqual(0, peer.ReceiveStatus(3).Code);
    }

    [TestMethod]
    public async Task Data_CloseWithMessage_IsInvalidArgument()
    {
        await using var server = ProbeService.CreateServer();
        using var peer = RawPeer.ConnectTo(server);
        peer.Send(RawPeer.RequestFrame(1, "Sum", null, RemoteOpen), RawPeer.DataFrame(1, RemoteClosed, new Int64Value { Value = 5 }));

        Assert.AreEqual((3, "data close message cannot include data"), peer.ReceiveStatus(1));
    }

    [TestMethod]
    public async Task Data_Undecodable_FailsTheStreamOnly()
    {
        await using var server = ProbeService.CreateServer();
        using var peer = RawPeer.ConnectTo(server);
        peer.Send(RawPeer.RequestFrame(1, "Sum", null, RemoteOpen), RawPeer.Frame(1, 3, 0, 0x08));

        Assert.AreEqual((int)StatusCode.Internal, peer.ReceiveStatus(1).Code);
        peer.Send(RawPeer.RequestFrame(3, "Sum", new Int64Value { Value = 1 }, RemoteClosed));
        Assert.AreEqual(0, peer.ReceiveStatus(3).Code);
    }

    [TestMethod]
    public async Task Data_NobodyReads_EndsTheStreamAndNotTheConnection()
    {
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var server = ProbeService.CreateServer(
            new ProbeService
            {
                OnChat = async (_, _, _) => await gate.Task,
            },
            new TtrpcServerOptions { MaxStreamBacklog = 100_000 });
        using var peer = RawPeer.ConnectTo(server);
        peer.Send(RawPeer.RequestFrame(1, "Chat", null, RemoteOpen));
        for (var i = 0; i < 3; i++)
            peer.Send(RawPeer.DataFrame(1, 0, new StringValue { Value = new string('x', 45_000) }));

        Assert.AreEqual((int)StatusCode.ResourceExhausted, peer.ReceiveStatus(1).Code);
        gate.SetResult();
        peer.Send(RawPeer.RequestFrame(3, "Echo", null));
        Assert.AreEqual(0, peer.ReceiveStatus(3).Code);
    }

    [TestMethod]
    public async Task Connection_EndOfAnOpenStream_FailsTheRead()
    {
        var outcome = new TaskCompletionSource<Exception?>(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var server = ProbeService.CreateServer(new ProbeService
        {
            OnSum = async (requests, _) =>
            {
                try
                {
                    await requests.MoveNext();
                    outcome.SetResult(null);
                }
                catch (Exception e)
                {
                    outcome.SetResult(e);
                }

                return new Int64Value();
            },
        });
        using (var peer = RawPeer.ConnectTo(server))
            peer.Send(RawPeer.RequestFrame(1, "Sum", null, RemoteOpen));

        var error = await outcome.Task.WaitAsync(TimeSpan.FromSeconds(20));

        Assert.AreEqual(StatusCode.Unavailable, (error as RpcException)?.StatusCode);
    }

    private static byte[] Number(uint id, long value) => RawPeer.DataFrame(id, 0, new Int64Value { Value = value });
}
