using CsCheck;
using Kata.Linux;
using Kata.Virtio.Tests.Fakes;
using Kata.Virtio.VhostUser;
using Kata.Virtio.VhostUser.FrontEnd;

namespace Kata.Virtio.Tests.VhostUser.FrontEnd;

/// <summary>Whatever a back end does, the front end ends with <see cref="VhostUserException"/>, soon, and keeps nothing it was sent.</summary>
[TestClass]
public sealed class HostileBackEndTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    [TestMethod]
    public void WellBehaved_PassesAllRequests()
    {
        using var backEnd = new FakeBackEnd(FakeBackEnd.Answer);
        DriveAll(backEnd);
    }

    [TestMethod]
    [DataRow(nameof(VhostUserRequest.GetFeatures))]
    [DataRow(nameof(VhostUserRequest.GetProtocolFeatures))]
    [DataRow(nameof(VhostUserRequest.GetQueueNum))]
    [DataRow(nameof(VhostUserRequest.SetFeatures))]
    [DataRow(nameof(VhostUserRequest.SetMemoryTable))]
    [DataRow(nameof(VhostUserRequest.SetVringEnable))]
    [DataRow(nameof(VhostUserRequest.GetVringBase))]
    [DataRow(nameof(VhostUserRequest.GetConfig))]
    public void DiesInstead_OfAnswering(string when)
    {
        using var backEnd = new FakeBackEnd(request => request.Request.ToString() == when ? null : FakeBackEnd.Answer(request));
        Expect(backEnd, $"closed the connection instead of answering {when}");
    }

    [TestMethod]
    public void DiesWithin_AnAnswer()
    {
        var isOver = false;
        using var backEnd = new FakeBackEnd(request =>
        {
            if (isOver)
                return null;
            isOver = request.Request == VhostUserRequest.GetProtocolFeatures;
            return isOver ? FakeBackEnd.Answer(request)[..15] : FakeBackEnd.Answer(request);
        });
        var socket = backEnd.FrontEndSocket;
        var failure = Assert.ThrowsExactly<VhostUserException>(() => new VhostUserFrontEnd(socket, TimeSpan.FromMilliseconds(200)));
        StringAssert.Contains(failure.Message, "did not answer GetProtocolFeatures within 0.2 s");
    }

    [TestMethod]
    public void Refuses_Memory()
    {
        using var backEnd = new FakeBackEnd(request =>
            request.Request == VhostUserRequest.SetMemoryTable ? FakeBackEnd.Reply(request, 1) : FakeBackEnd.Answer(request));
        Expect(backEnd, "refused SetMemoryTable");
    }

    [TestMethod]
    public void Answers_ForAnotherRing()
    {
        using var backEnd = new FakeBackEnd(request =>
            request.Request == VhostUserRequest.GetVringBase ? FakeBackEnd.Reply(request, 7) : FakeBackEnd.Answer(request));
        Expect(backEnd, "of ring 0 for ring 7");
    }

    [TestMethod]
    [DataRow(nameof(VhostUserRequest.GetFeatures), new byte[] { 1, 0, 0, 0, 5, 0, 0, 0, 4, 0, 0, 0, 1, 2, 3, 4 }, "of 4 bytes, expected 8", DisplayName = "short payload")]
    [DataRow(nameof(VhostUserRequest.GetFeatures), new byte[] { 1, 0, 0, 0, 5, 0, 0, 0, 0xff, 0xff, 0xff, 0xff }, "4294967295 bytes", DisplayName = "4 GiB")]
    [DataRow(nameof(VhostUserRequest.GetFeatures), new byte[] { 1, 0, 0, 0, 1, 0, 0, 0, 8, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8 }, "answered GetFeatures", DisplayName = "no reply flag")]
    [DataRow(nameof(VhostUserRequest.GetFeatures), new byte[] { 15, 0, 0, 0, 5, 0, 0, 0, 8, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8 }, "with message 15", DisplayName = "another request")]
    [DataRow(nameof(VhostUserRequest.GetFeatures), new byte[] { 1, 0, 0, 0, 6, 0, 0, 0, 8, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8 }, "version 2", DisplayName = "version 2")]
    public void Answers_Nonsense(string when, byte[] answer, string expected)
    {
        using var backEnd = new FakeBackEnd(request => request.Request.ToString() == when ? answer : FakeBackEnd.Answer(request));
        Expect(backEnd, expected);
    }

    [TestMethod]
    public void Speaks_Unasked()
    {
        using var backEnd = new FakeBackEnd(request => request.Request == VhostUserRequest.SetFeatures
            ? [.. FakeBackEnd.Answer(request), 1]
            : FakeBackEnd.Answer(request));
        using var frontEnd = new VhostUserFrontEnd(backEnd.FrontEndSocket, Limit);
        frontEnd.CheckSilence();
        frontEnd.SetFeatures(frontEnd.Features);
        var failure = Assert.ThrowsExactly<VhostUserException>(frontEnd.CheckSilence);
        StringAssert.Contains(failure.Message, "nobody asked for");
    }

    /// <summary>Descriptors that come with answers are closed: their pipe has no writer left.</summary>
    [TestMethod]
    public void Sends_Descriptors()
    {
        var (read, write) = FileDescriptors.Pipe();
        using (read)
        {
            using (var backEnd = new FakeBackEnd(FakeBackEnd.Answer) { Descriptor = write })
                DriveAll(backEnd);
            write.Dispose();
            Assert.AreEqual(0, FileDescriptors.Read(read, new byte[1]));
        }
    }

    /// <summary>One answer of random bytes, in the middle of an otherwise good conversation.</summary>
    [TestMethod]
    [Timeout(120_000)]
    public void Answers_Random_EndWithTheRightException()
    {
        var header = Gen.Select(
            Gen.OneOf(Gen.UInt[0, 42], Gen.UInt), Gen.OneOf(Gen.Const(5u), Gen.UInt), Gen.OneOf(Gen.UInt[0, 40], Gen.UInt),
            (request, flags, size) => (byte[])[.. BitConverter.GetBytes(request), .. BitConverter.GetBytes(flags), .. BitConverter.GetBytes(size)]);
        var answer = Gen.OneOf(Gen.Byte.Array[1, 64], Gen.Select(header, Gen.Byte.Array[0, 64], (head, payload) => (byte[])[.. head, .. payload]));
        Gen.Select(Gen.Int[0, 20], answer, Gen.Bool).Sample(
            (step, bytes, hangUp) =>
            {
                var count = 0;
                var isOver = false;
                using var backEnd = new FakeBackEnd(request =>
                {
                    if (isOver && hangUp)
                        return null;
                    isOver = count++ >= step;
                    return isOver ? bytes : FakeBackEnd.Answer(request);
                });
                try
                {
                    DriveAll(backEnd, TimeSpan.FromMilliseconds(20));
                }
                catch (VhostUserException)
                {
                    // The only thing that may happen, except that nothing does.
                }
            },
            iter: 500, threads: 1);
    }

    private static void Expect(FakeBackEnd backEnd, string message)
    {
        var failure = Assert.ThrowsExactly<VhostUserException>(() => DriveAll(backEnd));
        StringAssert.Contains(failure.Message, message);
    }

    private static void DriveAll(FakeBackEnd backEnd, TimeSpan? limit = null)
    {
        using var machine = new SharedMachine();
        using var queue = machine.Queue(0);
        using var frontEnd = new VhostUserFrontEnd(backEnd.FrontEndSocket, limit ?? Limit);
        frontEnd.SetFeatures(frontEnd.Features);
        frontEnd.SetMemory(machine.Memory);
        Assert.IsTrue(frontEnd.TryStartRing(0, queue.Ring.Layout, 0, queue.Kick, queue.CallEvent));
        frontEnd.ReadConfiguration(0, new byte[8]);
        frontEnd.StopRing(0);
    }
}
