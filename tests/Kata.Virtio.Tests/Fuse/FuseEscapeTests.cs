using Kata.Linux;
using Kata.Virtio.Fuse;
using Kata.Virtio.Tests.Support;

namespace Kata.Virtio.Tests.Fuse;

/// <summary>Guests that try to leave the directory, or to make the host open what it must not.</summary>
[TestClass]
public sealed class FuseEscapeTests
{
    private readonly TemporaryDirectory _outer = new();

    private string Share => _outer.File("share");

    [TestInitialize]
    public void Prepare()
    {
        Directory.CreateDirectory(Share);
        File.WriteAllText(_outer.File("secret"), "secret");
    }

    [TestCleanup]
    public void Cleanup() => _outer.Dispose();

    [TestMethod]
    [DataRow("..")]
    [DataRow(".")]
    [DataRow("")]
    [DataRow("../secret")]
    [DataRow("d/..")]
    [DataRow("/etc")]
    [DataRow("/")]
    public void PathsAreNoNames(string name)
    {
        Directory.CreateDirectory(Path.Combine(Share, "d"));
        using var client = new FuseClient(Share);
        Assert.AreEqual(Errno.EINVAL, client.TryLookup(FuseClient.Root, name).Error);
        var text = FuseClient.Text(name);
        var fine = FuseClient.Text("fine");
        Assert.AreEqual(Errno.EINVAL, client.Send(FuseOpcode.MakeDirectory, FuseClient.Root, [.. new byte[8], .. text]).Error);
        Assert.AreEqual(Errno.EINVAL, client.Send(FuseOpcode.MakeNode, FuseClient.Root, [.. new byte[16], .. text]).Error);
        Assert.AreEqual(Errno.EINVAL, client.Send(FuseOpcode.Create, FuseClient.Root, [.. new byte[16], .. text]).Error);
        Assert.AreEqual(Errno.EINVAL, client.Send(FuseOpcode.SymbolicLink, FuseClient.Root, [.. text, .. fine]).Error);
        Assert.AreEqual(Errno.EINVAL, client.Send(FuseOpcode.Unlink, FuseClient.Root, text).Error);
        Assert.AreEqual(Errno.EINVAL, client.Send(FuseOpcode.RemoveDirectory, FuseClient.Root, text).Error);
        Assert.AreEqual(Errno.EINVAL, client.Send(FuseOpcode.Link, FuseClient.Root, [.. FuseClient.Bytes(FuseClient.Root), .. text]).Error);
        Assert.AreEqual(Errno.EINVAL, client.Send(FuseOpcode.Rename, FuseClient.Root, [.. FuseClient.Bytes(FuseClient.Root), .. text, .. fine]).Error);
        Assert.AreEqual(Errno.EINVAL, client.Send(FuseOpcode.Rename, FuseClient.Root, [.. FuseClient.Bytes(FuseClient.Root), .. fine, .. text]).Error);
        CollectionAssert.AreEqual(new[] { Path.Combine(Share, "d") }, Directory.GetFileSystemEntries(Share));
    }

    [TestMethod]
    [DataRow("/etc")]
    [DataRow("..")]
    [DataRow("../secret")]
    public void LinksAreNotFollowed(string target)
    {
        File.CreateSymbolicLink(Path.Combine(Share, "link"), target);
        using var client = new FuseClient(Share);
        var entry = client.Lookup(FuseClient.Root, "link");
        Assert.AreEqual(0xa000u, entry.Attributes.Mode & 0xf000);
        Assert.AreNotEqual(Errno.None, client.TryLookup(entry.Node, "passwd").Error);
        Assert.AreEqual(Errno.ELOOP, client.Send(FuseOpcode.Open, entry.Node, new byte[8]).Error);
        Assert.AreEqual(Errno.ENOTDIR, client.Send(FuseOpcode.OpenDirectory, entry.Node, new byte[8]).Error);
        Assert.AreNotEqual(Errno.None, client.Send(FuseOpcode.Create, entry.Node, [.. new byte[16], .. FuseClient.Text("x")]).Error);
        // What exists by that name is opened, if at all, as what it is.
        Assert.AreEqual(Errno.ELOOP, client.Send(FuseOpcode.Create, FuseClient.Root, [.. new byte[16], .. FuseClient.Text("link")]).Error);
        var size = new SetAttributesRequest { Valid = SetAttributeFlags.Size };
        Assert.AreEqual(Errno.ELOOP, client.Send(FuseOpcode.SetAttributes, entry.Node, FuseClient.Bytes(size)).Error);
        var mode = new SetAttributesRequest { Valid = SetAttributeFlags.Mode, Mode = 0x1ff };
        Assert.AreEqual(Errno.EOPNOTSUPP, client.Send(FuseOpcode.SetAttributes, entry.Node, FuseClient.Bytes(mode)).Error);
        var owner = new SetAttributesRequest { Valid = SetAttributeFlags.Modified, Modified = 1 };
        Assert.AreEqual(Errno.None, client.Send(FuseOpcode.SetAttributes, entry.Node, FuseClient.Bytes(owner)).Error);
        Assert.AreEqual("secret", File.ReadAllText(_outer.File("secret")));
        Assert.AreNotEqual(1L, new DateTimeOffset(File.GetLastWriteTimeUtc(_outer.File("secret"))).ToUnixTimeSeconds());
    }

    [TestMethod]
    public void MagicLinksOfProc_LeadNowhere()
    {
        using var mount = new TemporaryMount(Directory.CreateDirectory(Path.Combine(Share, "proc")).FullName, "proc");
        using var client = new FuseClient(Share);
        var node = client.Lookup(FuseClient.Root, "proc").Node;
        foreach (var name in new[] { "1", "root" })
            node = client.Lookup(node, name).Node;
        Assert.AreNotEqual(Errno.None, client.TryLookup(node, "etc").Error);
        Assert.AreEqual(Errno.ENOTDIR, client.Send(FuseOpcode.OpenDirectory, node, new byte[8]).Error);
        Assert.AreEqual(Errno.ELOOP, client.Send(FuseOpcode.Open, node, new byte[8]).Error);
    }

    [TestMethod]
    public void SpecialFiles_AreNeverOpened()
    {
        if (CurrentProcess.EffectiveUserId != 0)
            Assert.Inconclusive("needs root");
        FileSystem.CreateFifo(Path.Combine(Share, "fifo"), 0x1b6);
        FileSystem.CreateDevice(Path.Combine(Share, "device"), 0x2000 | 0x1b6, 1, 7);
        using var socket = UnixSocket.Listen(Path.Combine(Share, "socket"));
        using var client = new FuseClient(Share);
        foreach (var name in new[] { "fifo", "device", "socket" })
        {
            var node = client.Lookup(FuseClient.Root, name).Node;
            foreach (var flags in new[] { OpenFlags.ReadOnly, OpenFlags.WriteOnly, OpenFlags.ReadWrite })
                Assert.AreEqual(Errno.ENXIO, client.Send(FuseOpcode.Open, node, FuseClient.Bytes(new OpenRequest { Flags = (uint)flags })).Error, name);
            Assert.AreEqual(Errno.ENXIO, client.Send(FuseOpcode.Create, FuseClient.Root, [.. new byte[16], .. FuseClient.Text(name)]).Error, name);
            Assert.AreEqual(Errno.ENXIO, client.Send(FuseOpcode.SynchronizeFileSystem, node, new byte[8]).Error, name);
            Assert.AreEqual(
                Errno.ENXIO,
                client.Send(FuseOpcode.SetAttributes, node, FuseClient.Bytes(new SetAttributesRequest { Valid = SetAttributeFlags.Size })).Error,
                name);
        }
    }

    [TestMethod]
    [Timeout(60_000, CooperativeCancellation = true)]
    public void DirectoryThatBecomesALink_LeadsNowhere()
    {
        Directory.CreateDirectory(Path.Combine(Share, "d"));
        File.WriteAllText(Path.Combine(Share, "d", "secret"), "inside");
        File.CreateSymbolicLink(Path.Combine(Share, "l"), _outer.Path);
        using var client = new FuseClient(Share);
        var found = 0;
        WhileSwapping(3000, () =>
        {
            var directory = client.Lookup(FuseClient.Root, "d");
            var answer = client.TryLookup(directory.Node, "secret");
            if (answer.Error == Errno.None)
            {
                found++;
                var entry = FuseClient.Expect<EntryReply>(answer);
                var handle = client.Open(entry.Node, OpenFlags.ReadOnly);
                CollectionAssert.AreEqual("inside"u8.ToArray(), client.Read(entry.Node, handle, 0, 10));
                client.Send(FuseOpcode.Release, entry.Node, FuseClient.Bytes(new ReleaseRequest { Handle = handle }));
            }

            client.Send(FuseOpcode.Forget, directory.Node, FuseClient.Bytes(1UL));
        });
        Assert.IsGreaterThan(0, found);
    }

    /// <summary>All that changes something, by names that are a directory and a file now, and links to such outside a moment later.</summary>
    [TestMethod]
    [Timeout(120_000, CooperativeCancellation = true)]
    public void ChangesBesideNamesThatBecomeLinks_StayInside()
    {
        const uint Truncate = (uint)(OpenFlags.ReadWrite | OpenFlags.Truncate);
        Directory.CreateDirectory(Path.Combine(Share, "d"));
        File.CreateSymbolicLink(Path.Combine(Share, "l"), _outer.Path);
        File.WriteAllText(Path.Combine(Share, "f"), "inside");
        File.CreateSymbolicLink(Path.Combine(Share, "g"), _outer.File("secret"));
        var (secret, outer) = (FileDescriptors.Status(_outer.File("secret")), FileDescriptors.Status(_outer.Path));
        using var client = new FuseClient(Share);
        var (name, other) = (FuseClient.Text("secret"), FuseClient.Text("other"));
        var create = FuseClient.Bytes(new CreateRequest { Flags = Truncate, Mode = 0x1b6 });
        const SetAttributeFlags Changed = SetAttributeFlags.Size | SetAttributeFlags.Uid | SetAttributeFlags.Modified;
        var attributes = FuseClient.Bytes(new SetAttributesRequest { Valid = Changed, Uid = 7, Modified = 1 });
        var mode = FuseClient.Bytes(new SetAttributesRequest { Valid = SetAttributeFlags.Mode, Mode = 0x1ff });
        byte[] xattr = [.. FuseClient.Bytes(new SetXattrRequest { Length = 1 }), .. FuseClient.Text("trusted.x"), 1];
        var made = 0;
        WhileSwapping(1000, () =>
        {
            var directory = client.Lookup(FuseClient.Root, "d").Node;
            var answer = client.Send(FuseOpcode.Create, directory, [.. create, .. name]);
            made += answer.Error == Errno.None ? 1 : 0;
            Close(answer, client);
            client.Send(FuseOpcode.MakeDirectory, directory, [.. new byte[8], .. other]);
            client.Send(FuseOpcode.RemoveDirectory, directory, other);
            client.Send(FuseOpcode.SymbolicLink, directory, [.. other, .. name]);
            client.Send(FuseOpcode.Rename, directory, [.. FuseClient.Bytes(directory), .. name, .. other]);
            client.Send(FuseOpcode.Unlink, directory, other);
            client.Send(FuseOpcode.SetAttributes, directory, mode);

            var file = client.Lookup(FuseClient.Root, "f").Node;
            client.Send(FuseOpcode.SetAttributes, file, attributes);
            client.Send(FuseOpcode.SetAttributes, file, mode);
            client.Send(FuseOpcode.SetXattr, file, xattr);
            client.Send(FuseOpcode.Link, directory, [.. FuseClient.Bytes(file), .. name]);
            client.Send(FuseOpcode.Unlink, directory, name);
            var opened = client.Send(FuseOpcode.Open, file, FuseClient.Bytes(new OpenRequest { Flags = Truncate }));
            if (opened.Error == Errno.None)
            {
                var handle = FuseClient.Expect<OpenReply>(opened).Handle;
                client.Write(file, handle, 0, "changed"u8);
                client.Send(FuseOpcode.Release, file, FuseClient.Bytes(new ReleaseRequest { Handle = handle }));
            }

            Close(client.Send(FuseOpcode.Create, FuseClient.Root, [.. create, .. FuseClient.Text("f")]), client);
            client.Send(FuseOpcode.Forget, directory, FuseClient.Bytes(1UL));
            client.Send(FuseOpcode.Forget, file, FuseClient.Bytes(1UL));
        });
        Assert.IsGreaterThan(0, made);
        Assert.AreEqual("secret", File.ReadAllText(_outer.File("secret")));
        Assert.AreEqual((secret, outer), (FileDescriptors.Status(_outer.File("secret")), FileDescriptors.Status(_outer.Path)));
        CollectionAssert.AreEquivalent(new[] { Share, _outer.File("secret") }, Directory.GetFileSystemEntries(_outer.Path));
    }

    /// <summary>Ends what CREATE opened and looked up.</summary>
    private static void Close(FuseAnswer answer, FuseClient client)
    {
        if (answer.Error != Errno.None)
            return;
        var created = FuseClient.Expect<CreateReply>(answer);
        client.Send(FuseOpcode.Release, created.Entry.Node, FuseClient.Bytes(new ReleaseRequest { Handle = created.Open.Handle }));
        client.Send(FuseOpcode.Forget, created.Entry.Node, FuseClient.Bytes(1UL));
    }

    /// <summary>Does something again and again while a thread makes "d" and "l" change places all the time, and "f" and "g".</summary>
    private void WhileSwapping(int rounds, Action action)
    {
        using var share = FileDescriptors.Open(Share, OpenFlags.Path);
        using var stop = new CancellationTokenSource();
        var swapper = new Thread(() =>
        {
            const uint Exchange = 2;
            while (!stop.IsCancellationRequested)
            {
                DirectoryOperations.Rename(share, "d\0"u8, share, "l\0"u8, Exchange);
                DirectoryOperations.Rename(share, "f\0"u8, share, "g\0"u8, Exchange);
            }
        });
        swapper.Start();
        try
        {
            for (var i = 0; i < rounds; i++)
                action();
        }
        finally
        {
            stop.Cancel();
            swapper.Join();
        }
    }
}
