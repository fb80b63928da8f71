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
        if (CurrentProcess.EffectiveUserId != 0)
            Assert.Inconclusive("needs root");
        var proc = Path.Combine(Share, "proc");
        Directory.CreateDirectory(proc);
        MountPoint.Mount("proc", proc, "proc");
        try
        {
            using var client = new FuseClient(Share);
            var node = client.Lookup(FuseClient.Root, "proc").Node;
            foreach (var name in new[] { "1", "root" })
                node = client.Lookup(node, name).Node;
            Assert.AreNotEqual(Errno.None, client.TryLookup(node, "etc").Error);
            Assert.AreEqual(Errno.ENOTDIR, client.Send(FuseOpcode.OpenDirectory, node, new byte[8]).Error);
            Assert.AreEqual(Errno.ELOOP, client.Send(FuseOpcode.Open, node, new byte[8]).Error);
        }
        finally
        {
            MountPoint.Unmount(proc, detach: true);
        }
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
        var inside = Path.Combine(Share, "d");
        Directory.CreateDirectory(inside);
        File.WriteAllText(Path.Combine(inside, "secret"), "inside");
        var link = Path.Combine(Share, "l");
        File.CreateSymbolicLink(link, _outer.Path);
        using var client = new FuseClient(Share);
        using var share = FileDescriptors.Open(Share, OpenFlags.Path);
        using var stop = new CancellationTokenSource();
        var swapper = new Thread(() =>
        {
            const uint Exchange = 2;
            while (!stop.IsCancellationRequested)
                DirectoryOperations.Rename(share, "d\0"u8, share, "l\0"u8, Exchange);
        });
        swapper.Start();
        var found = 0;
        try
        {
            for (var i = 0; i < 4000; i++)
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
            }
        }
        finally
        {
            stop.Cancel();
            swapper.Join();
        }

        Assert.IsGreaterThan(0, found);
    }
}
