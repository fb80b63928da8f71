using Google.Protobuf;
using Kata.Guest.Agent;
using Kata.Guest.Agent.Files;
using Kata.Linux;
using Kata.Protocols.Agent;

namespace Kata.Guest.Tests.Agent;

[TestClass]
public sealed class FileReceiverTests
{
    [TestMethod]
    public void Receive_Pieces_FileAppearsWhenComplete()
    {
        using var root = new TemporaryDirectory();
        var path = root.Path + "/dir/file";
        FileReceiver.Receive(Piece(path, "hel", 0, 5), root.Path);
        Assert.IsFalse(File.Exists(path));
        FileReceiver.Receive(Piece(path, "lo", 3, 5), root.Path);
        Assert.AreEqual("hello", File.ReadAllText(path));
        Assert.AreEqual((UnixFileMode)0b110_100_000, File.GetUnixFileMode(path));
        Assert.AreEqual((UnixFileMode)0b111_101_000, File.GetUnixFileMode(root.Path + "/dir"));
        Assert.HasCount(1, Directory.GetFileSystemEntries(root.Path + "/dir"));
    }

    [TestMethod]
    public void Receive_EmptyFile_Appears()
    {
        using var root = new TemporaryDirectory();
        FileReceiver.Receive(Piece(root.Path + "/empty", "", 0, 0), root.Path);
        Assert.AreEqual(0, new FileInfo(root.Path + "/empty").Length);
    }

    [TestMethod]
    public void Receive_SymbolicLinkAndDirectory_ReplaceWhatWasThere()
    {
        using var root = new TemporaryDirectory();
        FileReceiver.Receive(Piece(root.Path + "/x", "old", 0, 3), root.Path);
        FileReceiver.Receive(Entry(root.Path + "/x", 0xA1FF, "target"), root.Path);
        Assert.AreEqual("target", new FileInfo(root.Path + "/x").LinkTarget);
        FileReceiver.Receive(Entry(root.Path + "/x", 0x41C0, ""), root.Path);
        Assert.AreEqual((UnixFileMode)0b111_000_000, File.GetUnixFileMode(root.Path + "/x"));
        FileReceiver.Receive(Piece(root.Path + "/x", "new", 0, 3), root.Path);
        Assert.AreEqual("new", File.ReadAllText(root.Path + "/x"));
    }

    [TestMethod]
    public void Receive_PathThroughALinkOfAContainer_IsRefused()
    {
        using var root = new TemporaryDirectory();
        using var elsewhere = new TemporaryDirectory();
        File.CreateSymbolicLink(root.Path + "/link", elsewhere.Path);
        Assert.ThrowsExactly<LinuxException>(() => FileReceiver.Receive(Piece(root.Path + "/link/file", "x", 0, 1), root.Path));
        // The unfinished file is opened without following what a container may have put in its place.
        File.CreateSymbolicLink(root.Path + "/file.tmp", elsewhere.Path + "/stolen");
        Assert.ThrowsExactly<LinuxException>(() => FileReceiver.Receive(Piece(root.Path + "/file", "x", 0, 1), root.Path));
        Assert.IsEmpty(Directory.GetFileSystemEntries(elsewhere.Path));
    }

    [TestMethod]
    [DataRow("/etc/passwd", 0L, 1L)]
    [DataRow("/../x", 0L, 1L)]
    [DataRow("/x", -1L, 1L)]
    [DataRow("/x", 1L, 1L)]
    [DataRow("/x", 0L, -1L)]
    [DataRow("/x", long.MaxValue, long.MaxValue)]
    public void Receive_OutsideOfDirectoryOrFile_IsRefused(string name, long offset, long size)
    {
        using var root = new TemporaryDirectory();
        var path = name.StartsWith("/etc", StringComparison.Ordinal) ? name : root.Path + name;
        Assert.ThrowsExactly<AgentException>(() => FileReceiver.Receive(Piece(path, "x", offset, size), root.Path));
    }

    [TestMethod]
    public void Receive_DeviceNode_IsRefused()
    {
        using var root = new TemporaryDirectory();
        Assert.ThrowsExactly<AgentException>(() => FileReceiver.Receive(Entry(root.Path + "/null", 0x21FF, ""), root.Path));
    }

    private static CopyFileRequest Piece(string path, string data, long offset, long size) => new()
    {
        Path = path,
        Data = ByteString.CopyFromUtf8(data),
        Offset = offset,
        FileSize = size,
        FileMode = 0x8000 | 0b110_100_000,
        DirMode = 0b111_101_000,
        Uid = (int)CurrentProcess.EffectiveUserId,
        Gid = (int)CurrentProcess.EffectiveGroupId,
    };

    private static CopyFileRequest Entry(string path, uint mode, string data) => new()
    {
        Path = path,
        Data = ByteString.CopyFromUtf8(data),
        FileMode = mode,
        DirMode = 0b111_101_000,
        Uid = (int)CurrentProcess.EffectiveUserId,
        Gid = (int)CurrentProcess.EffectiveGroupId,
    };
}
