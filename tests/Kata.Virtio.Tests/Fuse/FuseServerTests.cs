using System.Runtime.InteropServices;
using System.Text;
using Kata.Linux;
using Kata.Virtio.Fuse;
using Kata.Virtio.Tests.Support;

namespace Kata.Virtio.Tests.Fuse;

/// <summary>The operations one by one, compared with the directory.</summary>
[TestClass]
public sealed class FuseServerTests
{
    private readonly TemporaryDirectory _share = new();

    [TestCleanup]
    public void Cleanup() => _share.Dispose();

    [TestMethod]
    public void Initialize_AgreesOnWhatBothHave()
    {
        using var client = new FuseClient(_share.Path, initialize: false);
        Assert.AreEqual(Errno.ENOTCONN, client.TryLookup(FuseClient.Root, "x").Error);
        var reply = client.Initialize(FuseFeatures.AsyncRead | FuseFeatures.PosixLocks | (FuseFeatures)(1UL << 63), minor: 45);
        Assert.AreEqual((7u, 38u, 1u << 20, (ushort)256), (reply.Major, reply.Minor, reply.MaxWrite, reply.MaxPages));
        Assert.AreEqual(((uint)FuseFeatures.AsyncRead, 0u), (reply.Flags, reply.Flags2));
    }

    [TestMethod]
    [DataRow(6u, 0u)]
    [DataRow(7u, 26u)]
    public void Initialize_OldVersion_IsRefused(uint major, uint minor)
    {
        using var client = new FuseClient(_share.Path, initialize: false);
        var answer = client.Send(FuseOpcode.Initialize, 0, FuseClient.Bytes(new InitializeRequest { Major = major, Minor = minor }));
        Assert.AreEqual(Errno.EPROTO, answer.Error);
    }

    [TestMethod]
    public void Initialize_NewerMajor_IsAskedForOurs()
    {
        using var client = new FuseClient(_share.Path, initialize: false);
        var answer = client.Send(FuseOpcode.Initialize, 0, FuseClient.Bytes(new InitializeRequest { Major = 8 }));
        Assert.AreEqual(7u, FuseClient.Expect<InitializeReply>(answer).Major);
        Assert.AreEqual(Errno.ENOTCONN, client.TryLookup(FuseClient.Root, "x").Error);
    }

    [TestMethod]
    public void Lookup_GivesAttributes_AndTheSameNodeForTheSameFile()
    {
        File.WriteAllText(_share.File("a"), "hello");
        FileSystem.CreateFifo(_share.File("fifo"), 0x180);
        using var client = new FuseClient(_share.Path);
        var entry = client.Lookup(FuseClient.Root, "a");
        Assert.AreEqual((5UL, 0x8000u), (entry.Attributes.Size, entry.Attributes.Mode & 0xf000));
        Assert.AreEqual(entry.Node, client.Lookup(FuseClient.Root, "a").Node);
        Assert.AreEqual(0x1000u, client.Lookup(FuseClient.Root, "fifo").Attributes.Mode & 0xf000);
        Assert.AreEqual(Errno.ENOENT, client.TryLookup(FuseClient.Root, "none").Error);
        Assert.AreEqual(Errno.ENAMETOOLONG, client.TryLookup(FuseClient.Root, new string('n', 256)).Error);
        Assert.AreEqual(Errno.ENOTDIR, client.TryLookup(entry.Node, "x").Error);
    }

    [TestMethod]
    public void Forget_LastLookup_ForgetsTheNode()
    {
        File.WriteAllText(_share.File("a"), "");
        using var client = new FuseClient(_share.Path);
        var node = client.Lookup(FuseClient.Root, "a").Node;
        Assert.AreEqual(node, client.Lookup(FuseClient.Root, "a").Node);
        client.Send(FuseOpcode.Forget, node, FuseClient.Bytes(1UL));
        Assert.AreEqual(Errno.None, client.Send(FuseOpcode.GetAttributes, node, new byte[16]).Error);
        client.Send(FuseOpcode.Forget, node, FuseClient.Bytes(1UL));
        Assert.AreEqual(Errno.ESTALE, client.Send(FuseOpcode.GetAttributes, node, new byte[16]).Error);
        Assert.AreNotEqual(node, client.Lookup(FuseClient.Root, "a").Node, "An id named another file after it was forgotten.");
    }

    [TestMethod]
    public void BatchForget_OnTheHighPriorityQueue_ForgetsAll()
    {
        using var client = new FuseClient(_share.Path);
        var forgets = new List<byte>(FuseClient.Bytes(new BatchForgetRequest { Count = 3000 }));
        for (var i = 0; i < 3000; i++)
        {
            File.WriteAllText(_share.File($"{i}"), "");
            forgets.AddRange(FuseClient.Bytes(new ForgetEntry { Node = client.Lookup(FuseClient.Root, $"{i}").Node, Lookups = 1 }));
        }

        var length = client.WriteRequest(FuseOpcode.BatchForget, 0, CollectionsMarshal.AsSpan(forgets));
        Assert.AreEqual(0u, client.SendPrepared(length, 0, queue: 0));
        for (var i = 0; i < 3000; i++)
        {
            var node = BitConverter.ToUInt64(CollectionsMarshal.AsSpan(forgets)[(8 + (16 * i))..]);
            Assert.AreEqual(Errno.ESTALE, client.Send(FuseOpcode.GetAttributes, node, new byte[16]).Error);
        }
    }

    [TestMethod]
    public void ReadAndWrite_ReachTheFile()
    {
        var content = new byte[100_000];
        Random.Shared.NextBytes(content);
        File.WriteAllBytes(_share.File("a"), content);
        using var client = new FuseClient(_share.Path);
        var node = client.Lookup(FuseClient.Root, "a").Node;
        var handle = client.Open(node, OpenFlags.ReadWrite);
        CollectionAssert.AreEqual(content[1000..91_000], client.Read(node, handle, 1000, 90_000));
        CollectionAssert.AreEqual(content[99_000..], client.Read(node, handle, 99_000, 90_000));
        Assert.IsEmpty(client.Read(node, handle, 200_000, 10));
        Assert.AreEqual(7u, FuseClient.Expect<SizeReply>(client.Write(node, handle, 50_000, "written"u8)).Length);
        Assert.AreEqual("written", Encoding.ASCII.GetString(File.ReadAllBytes(_share.File("a")), 50_000, 7));
        var largest = new byte[FuseServer.MaxTransferBytes];
        Random.Shared.NextBytes(largest);
        Assert.AreEqual(FuseServer.MaxTransferBytes, (int)FuseClient.Expect<SizeReply>(client.Write(node, handle, 0, largest)).Length);
        CollectionAssert.AreEqual(largest, client.Read(node, handle, 0, FuseServer.MaxTransferBytes));
    }

    [TestMethod]
    public void Write_Appending_GoesToTheEnd_UnlessItComesFromTheCache()
    {
        const uint Append = (uint)OpenFlags.Append;
        File.WriteAllText(_share.File("a"), "0123456789");
        using var client = new FuseClient(_share.Path);
        var node = client.Lookup(FuseClient.Root, "a").Node;
        var handle = client.Open(node, OpenFlags.WriteOnly | OpenFlags.Append);
        client.Write(node, handle, 0, "end"u8, Append);
        client.Write(node, handle, 2, "cache"u8, Append, WriteFlags.FromCache);
        Assert.AreEqual("01cache789end", File.ReadAllText(_share.File("a")));
    }

    [TestMethod]
    [Timeout(60_000, CooperativeCancellation = true)]
    public async Task Open_OfAnUnchangedFile_KeepsTheCache()
    {
        File.WriteAllText(_share.File("a"), "a");
        using var client = new FuseClient(_share.Path);
        var node = client.Lookup(FuseClient.Root, "a").Node;
        Assert.AreEqual(OpenReplyFlags.None, Flags());
        Assert.AreEqual(OpenReplyFlags.None, Flags(), "What changed just now may change again unnoticed.");
        await Task.Delay(TimeSpan.FromSeconds(3));
        Assert.AreEqual(OpenReplyFlags.None, Flags());
        Assert.AreEqual(OpenReplyFlags.KeepCache, Flags());
        Assert.AreEqual(OpenReplyFlags.KeepCache, Flags());
        File.WriteAllText(_share.File("a"), "b");
        Assert.AreEqual(OpenReplyFlags.None, Flags());
        client.Send(FuseOpcode.Forget, node, FuseClient.Bytes(1UL));
        await Task.Delay(TimeSpan.FromSeconds(3));
        node = client.Lookup(FuseClient.Root, "a").Node;
        Assert.AreEqual(OpenReplyFlags.None, Flags(), "A new node is known from before.");

        OpenReplyFlags Flags() => FuseClient.Expect<OpenReply>(client.Send(FuseOpcode.Open, node, new byte[8])).Flags;
    }

    [TestMethod]
    public void Handles_AreOfTheirFile_AndEndWithRelease()
    {
        File.WriteAllText(_share.File("a"), "a");
        using var client = new FuseClient(_share.Path);
        var node = client.Lookup(FuseClient.Root, "a").Node;
        var handle = client.Open(node, OpenFlags.ReadOnly);
        var directory = FuseClient.Expect<OpenReply>(client.Send(FuseOpcode.OpenDirectory, FuseClient.Root, new byte[8])).Handle;
        Assert.AreEqual(Errno.EBADF, client.Write(node, handle, 0, "x"u8).Error, "A read-only file was written.");
        var read = FuseClient.Bytes(new TransferRequest { Handle = directory, Length = 100 });
        Assert.AreEqual(Errno.EBADF, client.Send(FuseOpcode.Read, node, read).Error, "A directory was read as a file.");
        Assert.AreEqual(Errno.EBADF, client.Send(FuseOpcode.ReleaseDirectory, node, FuseClient.Bytes(new ReleaseRequest { Handle = handle })).Error);
        Assert.AreEqual(Errno.None, client.Send(FuseOpcode.Release, node, FuseClient.Bytes(new ReleaseRequest { Handle = handle })).Error);
        Assert.AreEqual(Errno.EBADF, client.Send(FuseOpcode.Release, node, FuseClient.Bytes(new ReleaseRequest { Handle = handle })).Error);
    }

    [TestMethod]
    [DataRow(false, 4096)]
    [DataRow(false, 320)]
    [DataRow(true, 4096)]
    [DataRow(true, 65536)]
    public void ReadDirectory_InAnyPieces_GivesEveryNameOnce(bool plus, int room)
    {
        var opcode = plus ? FuseOpcode.ReadDirectoryPlus : FuseOpcode.ReadDirectory;
        for (var i = 0; i < 500; i++)
            File.WriteAllText(_share.File(new string('x', i % 200) + i), "");
        using var client = new FuseClient(_share.Path);
        var handle = FuseClient.Expect<OpenReply>(client.Send(FuseOpcode.OpenDirectory, FuseClient.Root, new byte[8])).Handle;
        var names = new List<string>();
        for (var offset = 0UL; ;)
        {
            var request = new TransferRequest { Handle = handle, Offset = offset, Length = (uint)room };
            var answer = client.Send(opcode, FuseClient.Root, FuseClient.Bytes(request), room);
            Assert.AreEqual(Errno.None, answer.Error);
            if (answer.Content.Length == 0)
                break;
            foreach (var (name, next, entry) in Entries(answer.Content, plus))
            {
                names.Add(name);
                offset = next;
                Assert.AreEqual(plus && name is not ("." or ".."), entry.Node != 0, name);
            }
        }

        string[] expected = [".", "..", .. Directory.GetFiles(_share.Path).Select(Path.GetFileName)!];
        CollectionAssert.AreEquivalent(expected, names);
    }

    [TestMethod]
    public void Link_MakesAnotherName()
    {
        File.WriteAllText(_share.File("a"), "a");
        File.CreateSymbolicLink(_share.File("l"), "a");
        using var client = new FuseClient(_share.Path);
        foreach (var name in new[] { "a", "l" })
        {
            var node = client.Lookup(FuseClient.Root, name).Node;
            var entry = FuseClient.Expect<EntryReply>(
                client.Send(FuseOpcode.Link, FuseClient.Root, [.. FuseClient.Bytes(node), .. FuseClient.Text(name + "2")]));
            Assert.AreEqual((node, 2u), (entry.Node, entry.Attributes.Links));
        }

        Assert.AreEqual("a", File.ResolveLinkTarget(_share.File("l2"), returnFinalTarget: false)!.Name);
    }

    [TestMethod]
    public void BrokenQueue_StopsTheDevice_UntilItIsReset()
    {
        File.WriteAllText(_share.File("a"), "a");
        using var client = new FuseClient(_share.Path);
        var node = client.Lookup(FuseClient.Root, "a").Node;
        client.Requests.AvailableIndex += 500;
        client.SendPrepared(100, 100);
        Assert.IsTrue(client.NeedsReset);
        client.Reset();
        client.StartQueues();
        client.Initialize();
        Assert.AreEqual(Errno.ESTALE, client.Send(FuseOpcode.GetAttributes, node, new byte[16]).Error, "A file outlived the reset.");
        Assert.AreEqual(1UL, client.Lookup(FuseClient.Root, "a").Attributes.Size);
    }

    [TestMethod]
    public void ReadOnly_NothingChanges()
    {
        File.WriteAllText(_share.File("a"), "a");
        using var client = new FuseClient(_share.Path, options => options with { ReadOnly = true });
        var node = client.Lookup(FuseClient.Root, "a").Node;
        var handle = client.Open(node, OpenFlags.ReadOnly);
        Assert.AreEqual("a", Encoding.ASCII.GetString(client.Read(node, handle, 0, 10)));
        foreach (var flags in new[] { OpenFlags.WriteOnly, OpenFlags.ReadWrite, OpenFlags.Truncate })
            Assert.AreEqual(Errno.EROFS, client.Send(FuseOpcode.Open, node, FuseClient.Bytes(new OpenRequest { Flags = (uint)flags })).Error);
        Assert.AreEqual(Errno.EROFS, client.Write(node, handle, 0, "x"u8).Error);
        foreach (var opcode in Enum.GetValues<FuseOpcode>())
        {
            if (opcode is not (FuseOpcode.Forget or FuseOpcode.BatchForget or FuseOpcode.Interrupt or FuseOpcode.Initialize or FuseOpcode.Destroy))
                client.Send(opcode, FuseClient.Root, [.. new byte[16], (byte)'n', 0, (byte)'m', 0]);
        }

        CollectionAssert.AreEqual(new[] { _share.File("a") }, Directory.GetFileSystemEntries(_share.Path));
    }

    [TestMethod]
    public void ExtendedAttributes_SwitchedOff_AreNotThere()
    {
        using var client = new FuseClient(_share.Path, options => options with { ExtendedAttributes = false });
        Assert.AreEqual(Errno.ENOSYS, client.Send(FuseOpcode.GetXattr, FuseClient.Root, [.. new byte[8], .. FuseClient.Text("user.x")]).Error);
        Assert.AreEqual(Errno.ENOSYS, client.Send(FuseOpcode.ListXattr, FuseClient.Root, new byte[8]).Error);
    }

    [TestMethod]
    public void Configuration_IsTagAndQueues()
    {
        using var root = FileDescriptors.Open(_share.Path, OpenFlags.Path);
        using var server = new FuseServer(root, new VirtioFileSystemOptions { Tag = "x", Path = _share.Path });
        var device = new FileSystemDevice(server, "myfs"u8, new VirtioFileSystemOptions { Tag = "myfs", RequestQueues = 3 });
        var configuration = new byte[48];
        device.ReadConfiguration(0, configuration);
        CollectionAssert.AreEqual((byte[])[.. "myfs"u8, .. new byte[32], 3, .. new byte[11]], configuration);
        device.ReadConfiguration(uint.MaxValue, configuration);
        CollectionAssert.AreEqual(new byte[48], configuration);
        Assert.AreEqual((4, 26u), (device.QueueCount, device.DeviceType));
    }

    [TestMethod]
    [DataRow("")]
    [DataRow("a tag of more than thirty-six bytes..")]
    [DataRow("n\0l")]
    public void Create_BadTag_Throws(string tag) =>
        Assert.ThrowsExactly<ArgumentException>(() => VirtioFileSystem.Create(new VirtioFileSystemOptions { Path = _share.Path, Tag = tag }));

    [TestMethod]
    public void Create_NoDirectory_Throws()
    {
        File.WriteAllText(_share.File("a"), "");
        var options = new VirtioFileSystemOptions { Path = _share.File("a"), Tag = "x" };
        Assert.AreEqual(Errno.ENOTDIR, Assert.ThrowsExactly<LinuxException>(() => VirtioFileSystem.Create(options)).Errno);
        options = options with { Path = null, Directory = FileDescriptors.Open(_share.File("a"), OpenFlags.Path) };
        Assert.AreEqual(Errno.ENOTDIR, Assert.ThrowsExactly<LinuxException>(() => VirtioFileSystem.Create(options)).Errno);
    }

    private static IEnumerable<(string Name, ulong Next, EntryReply Entry)> Entries(byte[] content, bool plus)
    {
        for (var at = 0; at < content.Length;)
        {
            var entry = plus ? MemoryMarshal.Read<EntryReply>(content.AsSpan(at)) : default;
            at += plus ? 128 : 0;
            var record = MemoryMarshal.Read<DirectoryEntry>(content.AsSpan(at));
            var name = Encoding.UTF8.GetString(content, at + DirectoryEntry.Size, (int)record.NameLength);
            at = (at + DirectoryEntry.Size + (int)record.NameLength + 7) & ~7;
            yield return (name, record.Offset, entry);
        }
    }
}
