using Kata.Linux;
using Kata.Linux.Tests.Processes;
using Kata.Virtio.Fuse;
using Kata.Virtio.Tests.Support;

namespace Kata.Virtio.Tests.Fuse;

/// <summary>Descriptors of the process, which the tests beside these would disturb.</summary>
[TestClass]
[DoNotParallelize]
public sealed class FuseLimitsTests
{
    private readonly TemporaryDirectory _share = new();

    [TestCleanup]
    public void Cleanup() => _share.Dispose();

    [TestMethod]
    public void Descriptors_AreThoseOfWhatTheGuestHolds()
    {
        for (var i = 0; i < 100; i++)
            File.WriteAllText(_share.File($"{i}"), "");
        File.CreateSymbolicLink(_share.File("link"), "0");
        var before = OpenDescriptors();
        using (var client = new FuseClient(_share.Path, options => options with { HostLocks = true }))
        {
            var idle = OpenDescriptors();
            for (var i = 0; i < 100; i++)
                Exercise(client, $"{i}");
            Assert.AreEqual(idle, OpenDescriptors(), "A descriptor stayed open.");
            for (var i = 0; i < 50; i++)
                client.Open(client.Lookup(FuseClient.Root, $"{i}").Node, OpenFlags.ReadWrite);
            Assert.AreEqual(idle + 100, OpenDescriptors());
            client.Reset();
            Assert.AreEqual(idle, OpenDescriptors(), "A reset left a descriptor open.");
            client.StartQueues();
            client.Initialize();
            client.Open(client.Lookup(FuseClient.Root, "1").Node, OpenFlags.ReadWrite);
            client.Send(FuseOpcode.Destroy, 0);
            Assert.AreEqual(idle, OpenDescriptors(), "DESTROY left a descriptor open.");
        }

        Assert.AreEqual(before, OpenDescriptors(), "The device left a descriptor open.");
    }

    [TestMethod]
    public void Files_BeyondTheLimit_AreRefused_UntilSomeAreForgotten()
    {
        for (var i = 0; i < 500; i++)
            File.WriteAllText(_share.File($"{i}"), "");
        using (var client = new FuseClient(_share.Path, options => options with { DescriptorLimit = 300 }))
        {
            var nodes = new List<ulong>();
            for (var i = 0; i < 300; i++)
                nodes.Add(client.Lookup(FuseClient.Root, $"{i}").Node);
            Assert.AreEqual(Errno.ENFILE, client.TryLookup(FuseClient.Root, "300").Error);
            Assert.AreEqual(Errno.ENFILE, client.Send(FuseOpcode.Open, nodes[0], new byte[8]).Error);
            Assert.AreEqual(Errno.ENFILE, client.Send(FuseOpcode.OpenDirectory, FuseClient.Root, new byte[8]).Error);
            Assert.AreEqual(Errno.ENFILE, client.Send(FuseOpcode.MakeDirectory, FuseClient.Root, [.. new byte[8], .. FuseClient.Text("new")]).Error);
            Assert.IsFalse(Directory.Exists(_share.File("new")), "What was refused was made.");
            Assert.AreEqual(nodes[5], client.Lookup(FuseClient.Root, "5").Node, "A known file was refused.");
            client.Send(FuseOpcode.Forget, nodes[0], FuseClient.Bytes(1UL));
            client.Lookup(FuseClient.Root, "300");
            Assert.Contains(line => line.Contains("ENFILE", StringComparison.Ordinal), client.Logger.Lines);
        }
    }

    [TestMethod]
    public void Files_BeyondWhatTheProcessMayHave_AreRefused_UntilItMay()
    {
        for (var i = 0; i < 200; i++)
            File.WriteAllText(_share.File($"{i}"), "");
        using var client = new FuseClient(_share.Path, options => options with { DescriptorLimit = int.MaxValue });
        var known = client.Lookup(FuseClient.Root, "0").Node;
        using (new ResourceLimit(ResourceLimit.Descriptors, (ulong)OpenDescriptors() + 100))
        {
            var errors = Enumerable.Range(0, 200).Select(i => client.TryLookup(FuseClient.Root, $"{i}").Error).Distinct().ToArray();
            CollectionAssert.AreEqual(new[] { Errno.None, Errno.EMFILE }, errors);
            Assert.AreEqual(Errno.EMFILE, client.Send(FuseOpcode.Open, known, new byte[8]).Error);
            Assert.AreEqual(Errno.EMFILE, client.Send(FuseOpcode.OpenDirectory, FuseClient.Root, new byte[8]).Error);
            Assert.AreEqual(Errno.None, client.Send(FuseOpcode.GetAttributes, known, new byte[16]).Error);
        }

        client.Lookup(FuseClient.Root, "199");
    }

    /// <summary>The hot requests, and those that the client's kernel sends all day.</summary>
    [TestMethod]
    public void Requests_InSteadyState_AllocateNothing()
    {
        File.WriteAllBytes(_share.File("a"), new byte[100_000]);
        using var client = new FuseClient(_share.Path);
        var node = client.Lookup(FuseClient.Root, "a").Node;
        var handle = client.Open(node, OpenFlags.ReadWrite);
        Exchange(500);
        var before = client.AllocatedBytes;
        Exchange(5000);
        Assert.AreEqual(0L, client.AllocatedBytes - before);

        void Exchange(int rounds)
        {
            for (var i = 0; i < rounds; i++)
            {
                client.Lookup(FuseClient.Root, "a");
                client.Send(FuseOpcode.GetAttributes, node, new byte[16]);
                client.Read(node, handle, 500, 60_000);
                client.Write(node, handle, 1000, new byte[8192], 0, i % 2 == 0 ? WriteFlags.KillSetId : 0);
                client.Send(FuseOpcode.FileSystemStatus, node);
                client.Send(FuseOpcode.GetXattr, node, [.. new byte[8], .. FuseClient.Text("user.none")]);
                client.TryLookup(FuseClient.Root, "none");
            }
        }
    }

    private static void Exercise(FuseClient client, string name)
    {
        var node = client.Lookup(FuseClient.Root, name).Node;
        var handle = client.Open(node, OpenFlags.ReadWrite);
        client.Write(node, handle, 0, "text"u8);
        var range = new FuseLock { End = long.MaxValue, Type = 1 };
        Assert.AreEqual(
            Errno.None, client.Send(FuseOpcode.SetLock, node, FuseClient.Bytes(new LockRequest { Handle = handle, Owner = 7, Lock = range })).Error);
        client.Send(FuseOpcode.SetAttributes, node, FuseClient.Bytes(new SetAttributesRequest { Valid = SetAttributeFlags.Size, Size = 2 }));
        client.Send(FuseOpcode.SetXattr, node, [.. FuseClient.Bytes(new SetXattrRequest { Length = 1 }), .. FuseClient.Text("user.x"), 1]);
        client.Send(FuseOpcode.SynchronizeFileSystem, FuseClient.Root, new byte[8]);
        var created = FuseClient.Expect<CreateReply>(client.Send(FuseOpcode.Create, FuseClient.Root, [.. Create(2), .. FuseClient.Text("new")]));
        var opened = FuseClient.Expect<CreateReply>(client.Send(FuseOpcode.Create, FuseClient.Root, [.. Create(2), .. FuseClient.Text("new")]));
        Assert.AreEqual(Errno.ELOOP, client.Send(FuseOpcode.Create, FuseClient.Root, [.. Create(2), .. FuseClient.Text("link")]).Error);
        var temporary = FuseClient.Expect<CreateReply>(client.Send(FuseOpcode.TemporaryFile, FuseClient.Root, Create(2)));
        client.Send(FuseOpcode.Unlink, FuseClient.Root, FuseClient.Text("new"));
        foreach (var reply in new[] { created, opened, temporary })
        {
            client.Send(FuseOpcode.Release, reply.Entry.Node, FuseClient.Bytes(new ReleaseRequest { Handle = reply.Open.Handle }));
            client.Send(FuseOpcode.Forget, reply.Entry.Node, FuseClient.Bytes(1UL));
        }

        client.Send(FuseOpcode.Flush, node, FuseClient.Bytes(new FlushRequest { Handle = handle, LockOwner = 7 }));
        client.Send(FuseOpcode.Release, node, FuseClient.Bytes(new ReleaseRequest { Handle = handle }));
        client.Send(FuseOpcode.Forget, node, FuseClient.Bytes(1UL));
    }

    private static byte[] Create(uint flags) => FuseClient.Bytes(new CreateRequest { Flags = flags, Mode = 0x180 });

    private static int OpenDescriptors() => Directory.GetFileSystemEntries("/proc/self/fd").Length;
}
