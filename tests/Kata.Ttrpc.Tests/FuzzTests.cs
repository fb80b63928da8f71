using CsCheck;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Kata.Ttrpc.Tests.Probing;
using Kata.Ttrpc.Wire;

namespace Kata.Ttrpc.Tests;

/// <summary>Whatever well-framed nonsense a peer sends, the connection answers the next sensible call.</summary>
[TestClass]
public sealed class FuzzTests
{
    private const uint LastId = 0xFFFFFFFF;

    private static readonly Gen<string>[] s_methods =
        [.. new[] { "Echo", "Fail", "Header", "Sum", "Count", "Chat", "Nope" }.Select(Gen.Const)];

    private static readonly Gen<byte[]> s_request =
        from method in Gen.OneOf(s_methods)
        from service in Gen.Frequency((9, Gen.Const(ProbeService.Name)), (1, Gen.Const("x")))
        from id in Gen.UInt[0, 40]
        from flags in Gen.OneOf(Gen.Byte[0, 7], Gen.Byte)
        from number in Gen.Long[0, 5]
        select RawPeer.RequestFrame(id, method, new Int64Value { Value = number }, flags, service);

    private static readonly Gen<byte[]> s_data =
        from id in Gen.UInt[0, 40]
        from flags in Gen.OneOf(Gen.Byte[0, 7], Gen.Byte)
        from data in Gen.OneOf(Gen.Byte.Array[0, 20], Gen.Const<byte[]>([0x08, 0x03]), Gen.Const<byte[]>([]))
        select RawPeer.Frame(id, 3, flags, data);

    private static readonly Gen<byte[]> s_any =
        from id in Gen.UInt[0, 40]
        from type in Gen.Byte
        from flags in Gen.Byte
        from data in Gen.Byte.Array[0, 60]
        select RawPeer.Frame(id, type, flags, data);

    private static readonly Gen<byte[][]> s_conversation = Gen.Frequency((5, s_request), (5, s_data), (2, s_any)).Array[1, 30];

    [TestMethod]
    public async Task Server_AnyConversation_AnswersTheNextCall()
    {
        await using var server = ProbeService.CreateServer();
        s_conversation.Sample(
            frames =>
            {
                using var peer = RawPeer.ConnectTo(server);
                peer.Send([.. frames.SelectMany(frame => frame), .. RawPeer.RequestFrame(LastId, "Echo", new StringValue { Value = "x" })]);
                while (peer.ReceiveFrame().Header.StreamId != LastId)
                {
                }
            },
            iter: 500,
            threads: 2);
    }

    [TestMethod]
    public void Client_AnyConversation_GetsTheNextAnswer()
    {
        var answers = Gen.Frequency((2, s_data), (2, s_any), (3, from id in Gen.UInt[0, 40] from data in Gen.Byte.Array[0, 10] select RawPeer.Frame(id, 2, 0, data)));
        answers.Array[1, 30].Sample(
            frames =>
            {
                var (peer, channel) = RawPeer.CreateServer();
                using (peer)
                {
                    var client = new Probe.ProbeClient(channel);
                    var calls = Enumerable.Range(0, 6).SelectMany(_ => (Task[])
                    [
                        client.EchoAsync(new StringValue()).ResponseAsync, client.Sum().ResponseAsync, client.Chat().ResponseStream.MoveNext(),
                    ]).ToArray();
                    var last = client.EchoAsync(new StringValue()).ResponseAsync;
                    peer.Send([.. frames.Where(frame => FrameHeader.Read(frame).StreamId != 37).SelectMany(frame => frame), .. RawPeer.Frame(37, 2, 0)]);

                    last.WaitAsync(TimeSpan.FromSeconds(20)).GetAwaiter().GetResult();
                    channel.DisposeAsync().AsTask().GetAwaiter().GetResult();
                    foreach (var call in calls)
                        AssertEnds(call);
                }
            },
            iter: 300,
            threads: 1);
    }

    private static void AssertEnds(Task call)
    {
        try
        {
            call.WaitAsync(TimeSpan.FromSeconds(20)).GetAwaiter().GetResult();
        }
        catch (Exception e) when (e is RpcException or InvalidOperationException)
        {
            // Any status will do; a client stream may also have ended without its response.
        }
    }
}
