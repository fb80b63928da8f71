using CsCheck;
using Kata.Linux;
using Kata.Virtio.Fuse;
using Kata.Virtio.Tests.Support;

namespace Kata.Virtio.Tests.Fuse;

/// <summary>Requests of a hostile guest: the device answers, nothing outside of the directory changes, and little is held.</summary>
[TestClass]
public sealed class FuseFuzzTests
{
    /// <summary>On the managed heap, for 60 requests.</summary>
    private const long MaxAllocatedBytes = 256 << 10;

    private static readonly Gen<byte[]> Name = Gen.OneOf(
        Gen.Const("a\0"u8.ToArray()), Gen.Const("d\0"u8.ToArray()), Gen.Const("link\0"u8.ToArray()), Gen.Const("up\0"u8.ToArray()),
        Gen.Const("..\0"u8.ToArray()), Gen.Const("../secret\0"u8.ToArray()), Gen.Const("user.x\0"u8.ToArray()), Gen.Byte.Array[0, 300]);

    // Below 6: nodes and handles that exist. Else sizes and offsets at the edges, and anything.
    private static readonly Gen<ulong> Number = Gen.Frequency(
        (6, Gen.ULong[0, 6]), (2, Gen.ULong[0, 1 << 20]), (1, Gen.Const(ulong.MaxValue)), (1, Gen.Const((ulong)long.MaxValue)), (1, Gen.ULong));

    private static readonly Gen<FuzzedRequest[]> Requests = Gen.Select(
        Gen.Frequency((9, Gen.Int[0, 52].Select(opcode => (FuseOpcode)opcode)), (1, Gen.UInt.Select(opcode => (FuseOpcode)opcode))),
        Gen.Select(Number, Number.Array[0, 12], Gen.Bool),
        Gen.Select(Name, Name),
        Gen.Select(
            Gen.Frequency((8, Gen.Const(0)), (2, Gen.Int[0, 60])),
            Gen.Frequency((8, Gen.Const(8192)), (2, Gen.Int[0, 300])),
            Gen.Frequency((9, Gen.Const(0u)), (1, Gen.UInt[0, 200]))),
        (opcode, numbers, names, sizes) => new FuzzedRequest(
            opcode, numbers.Item1, numbers.Item2, numbers.Item3, [.. names.Item1, .. names.Item2], sizes.Item1, sizes.Item2, sizes.Item3)).Array[1, 60];

    [TestMethod]
    [Timeout(120_000)]
    public void RandomRequests_AreAnswered_AndStayInside()
    {
        if (CurrentProcess.EffectiveUserId != 0)
            Assert.Inconclusive("needs root, to mount a tmpfs");
        using var directory = new TemporaryDirectory();
        Requests.Sample(
            requests =>
            {
                // A small file system of its own, so that nobody's disk fills up.
                using var mount = new TemporaryMount(directory.Path, "tmpfs", "size=32m,nr_inodes=10k");
                Try(directory.Path, requests);
            },
            iter: 1000, threads: 1);
    }

    [TestMethod]
    [Timeout(60_000)]
    public void RandomBytes_AreAnsweredOrDropped()
    {
        using var share = new TemporaryDirectory();
        using var client = new FuseClient(share.Path);
        Gen.Select(Gen.Byte.Array[1, 4000], Gen.Int[0, 200]).Sample(
            request =>
            {
                request.Item1.CopyTo(client.Request);
                var written = client.SendPrepared(request.Item1.Length, request.Item2);
                Assert.IsLessThanOrEqualTo((uint)request.Item2, written);
            },
            iter: 3000, threads: 1);
    }

    private static void Try(string outer, FuzzedRequest[] requests)
    {
        var share = Path.Combine(outer, "share");
        var secret = Path.Combine(outer, "secret");
        Directory.CreateDirectory(share);
        File.WriteAllText(secret, "secret");
        var outside = FileDescriptors.Status(secret);
        using var client = new FuseClient(share, options => options with { HostLocks = true });
        var known = Prepare(client, share);
        var allocated = client.AllocatedBytes;
        foreach (var request in requests)
            Send(client, request, known);
        Assert.IsLessThan(MaxAllocatedBytes, client.AllocatedBytes - allocated);
        Assert.IsFalse(client.NeedsReset);
        Assert.AreEqual(outside, FileDescriptors.Status(secret));
        Assert.AreEqual("secret", File.ReadAllText(secret));
        CollectionAssert.AreEquivalent(new[] { share, secret }, Directory.GetFileSystemEntries(outer));
    }

    /// <summary>A client that knows a file, a directory and a link, and has the first two open. Returns their ids and handles.</summary>
    private static ulong[] Prepare(FuseClient client, string share)
    {
        File.WriteAllText(Path.Combine(share, "a"), "content");
        Directory.CreateDirectory(Path.Combine(share, "d"));
        File.CreateSymbolicLink(Path.Combine(share, "link"), "../secret");
        var node = client.Lookup(FuseClient.Root, "a").Node;
        var file = client.Open(node, OpenFlags.ReadWrite);
        var directory = FuseClient.Expect<OpenReply>(client.Send(FuseOpcode.OpenDirectory, FuseClient.Root, new byte[8])).Handle;
        return [FuseClient.Root, node, client.Lookup(FuseClient.Root, "d").Node, client.Lookup(FuseClient.Root, "link").Node, file, directory];
    }

    private static void Send(FuseClient client, FuzzedRequest request, ulong[] known)
    {
        var words = request.Numbers.SelectMany(n => request.Halves ? BitConverter.GetBytes((uint)n) : BitConverter.GetBytes(Known(n)));
        var length = client.WriteRequest(request.Opcode, Known(request.Node), [.. words, .. request.Text]);
        BitConverter.TryWriteBytes(client.Request, (uint)length + request.LengthError);
        var written = client.SendPrepared(Math.Max(length - request.Cut, 1), request.Room);
        Assert.IsLessThanOrEqualTo((uint)request.Room, written);

        ulong Known(ulong number) => number < (ulong)known.Length ? known[number] : number;
    }

    private sealed record FuzzedRequest(
        FuseOpcode Opcode, ulong Node, ulong[] Numbers, bool Halves, byte[] Text, int Cut, int Room, uint LengthError);
}
