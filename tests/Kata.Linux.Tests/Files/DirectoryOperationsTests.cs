using System.Runtime.CompilerServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Kata.Linux.Tests.Files;

[TestClass]
public sealed class DirectoryOperationsTests
{
    private readonly string _path = Directory.CreateTempSubdirectory("kata-linux-").FullName;
    private SafeFileHandle _directory = null!;

    [TestInitialize]
    public void Open() => _directory = FileDescriptors.Open(_path, OpenFlags.Path | OpenFlags.Directory);

    [TestCleanup]
    public void Cleanup()
    {
        _directory.Dispose();
        Directory.Delete(_path, recursive: true);
    }

    [TestMethod]
    public void NamesAreBytes_AndErrorsValues()
    {
        var name = (byte[])[0xff, (byte)'x', 0];
        Assert.AreEqual(Errno.None, DirectoryOperations.MakeDirectory(_directory, name, 0x1c0));
        Assert.AreEqual(Errno.EEXIST, DirectoryOperations.MakeDirectory(_directory, name, 0x1c0));
        Assert.AreEqual(Errno.None, DirectoryOperations.Status(_directory, name, out var status));
        Assert.AreEqual((FileKind.Directory, 0x1c0u), (status.Kind, status.Mode & 0xfff));
        Assert.AreEqual(Errno.None, DirectoryOperations.Rename(_directory, name, _directory, "y\0"u8, 0));
        Assert.AreEqual(Errno.ENOENT, DirectoryOperations.RemoveDirectory(_directory, name));
        Assert.AreEqual(Errno.EISDIR, DirectoryOperations.Unlink(_directory, "y\0"u8));
        Assert.AreEqual(Errno.None, DirectoryOperations.RemoveDirectory(_directory, "y\0"u8));
        Assert.IsNull(DirectoryOperations.Open(_directory, "y\0"u8, OpenFlags.ReadOnly, 0, out var error));
        Assert.AreEqual(Errno.ENOENT, error);
    }

    [TestMethod]
    public void NameWithoutNul_IsRefused() =>
        Assert.ThrowsExactly<ArgumentException>(() => DirectoryOperations.MakeDirectory(_directory, "x"u8, 0x1c0));

    [TestMethod]
    public void Links_AreNotFollowed()
    {
        Assert.AreEqual(Errno.None, DirectoryOperations.MakeSymbolicLink("/etc\0"u8, _directory, "link\0"u8));
        Assert.AreEqual(Errno.None, DirectoryOperations.Status(_directory, "link\0"u8, out var status));
        Assert.AreEqual(FileKind.SymbolicLink, status.Kind);
        using var link = DirectoryOperations.Open(_directory, "link\0"u8, OpenFlags.Path | OpenFlags.NoFollow, 0, out _)!;
        var target = new byte[10];
        Assert.AreEqual(4, DirectoryOperations.ReadLink(link, target));
        Assert.AreEqual("/etc", Encoding.ASCII.GetString(target, 0, 4));
        Assert.AreEqual(Errno.None, FileOperations.ChangeTimes(link, new FileTime(5, 6), FileTime.Unchanged));
        Assert.AreEqual(Errno.None, DirectoryOperations.Status(link, "\0"u8, out status));
        Assert.AreEqual((5L, 6u), status.Accessed);
    }

    [TestMethod]
    public unsafe void Files_AreReadAndWrittenInRanges()
    {
        using var file = DirectoryOperations.Open(_directory, "f\0"u8, OpenFlags.ReadWrite | OpenFlags.Create, 0x180, out _)!;
        var data = stackalloc byte[8] { 1, 2, 3, 4, 5, 6, 7, 8 };
        NativeBuffer[] ranges = [new((nint)(data + 4), 4), new((nint)data, 4)];
        Assert.AreEqual(8, FileOperations.Write(file, ranges, 2, append: false));
        Assert.AreEqual(4, FileOperations.Write(file, ranges.AsSpan(1), 0, append: true));
        CollectionAssert.AreEqual((byte[])[0, 0, 5, 6, 7, 8, 1, 2, 3, 4, 1, 2, 3, 4], File.ReadAllBytes(Path.Combine(_path, "f")));
        Assert.AreEqual(4, FileOperations.Read(file, ranges.AsSpan(0, 1), 6));
        Assert.AreEqual(1, data[4]);
        Assert.AreEqual(2, FileOperations.Copy(file, 2, file, 20, 2));
        Assert.AreEqual(Errno.None, FileOperations.Truncate(file, 3));
        Assert.AreEqual(Errno.EINVAL, FileOperations.Truncate(file, -1));
        Assert.AreEqual(-(int)Errno.ENXIO, FileOperations.Seek(file, 100, 3));
        Assert.AreEqual(Errno.None, FileOperations.Allocate(file, 0, 0, 100));
        Assert.AreEqual(100, new FileInfo(Path.Combine(_path, "f")).Length);
        Assert.AreEqual((256, 120), (Unsafe.SizeOf<StatxRecord>(), Unsafe.SizeOf<FileSystemRecord>()));
    }

    [TestMethod]
    public void Locks_OfOpenFiles_Conflict()
    {
        using var one = DirectoryOperations.Open(_directory, "f\0"u8, OpenFlags.ReadWrite | OpenFlags.Create, 0x180, out _)!;
        using var two = DirectoryOperations.Open(_directory, "f\0"u8, OpenFlags.ReadWrite, 0, out _)!;
        Assert.AreEqual(Errno.None, new RecordLock(1, 10, 5).Apply(one));
        Assert.AreEqual(Errno.EAGAIN, new RecordLock(0, 14, 1).Apply(two));
        Assert.AreEqual(Errno.None, new RecordLock(0, 0, 0).FindConflict(two, out var conflict));
        Assert.AreEqual(new RecordLock(1, 10, 5), conflict);
        Assert.AreEqual(Errno.None, new RecordLock(0, 15, 0).Apply(two));
        Assert.AreEqual(Errno.None, FileLock.TryApply(one, 2));
        Assert.AreEqual(Errno.EAGAIN, FileLock.TryApply(two, 1));
    }

    [TestMethod]
    public void Identity_IsTheThreadsOwn()
    {
        if (CurrentProcess.EffectiveUserId != 0)
            Assert.Inconclusive("needs root");
        var thread = new Thread(() =>
        {
            var identity = ThreadIdentity.Separate();
            identity.SetCreationMask(0x3f);
            identity.Impersonate(1234, 5678);
            DirectoryOperations.MakeDirectory(_directory, "theirs\0"u8, 0x1ff);
            identity.Resume(1234, 5678);
            DirectoryOperations.MakeDirectory(_directory, "ours\0"u8, 0x1ff);
        });
        thread.Start();
        thread.Join();
        Assert.AreEqual(Errno.None, DirectoryOperations.Status(_directory, "theirs\0"u8, out var theirs));
        Assert.AreEqual((1234u, 5678u, 0x1c0u), (theirs.Uid, theirs.Gid, theirs.Mode & 0xfff));
        Assert.AreEqual(Errno.None, DirectoryOperations.Status(_directory, "ours\0"u8, out var ours));
        Assert.AreEqual((0u, 0u), (ours.Uid, ours.Gid));
        var mask = FileSystem.SetCreationMask(0x12);
        FileSystem.SetCreationMask(mask);
        Assert.AreNotEqual(0x3fu, mask, "The umask of the process changed.");
    }

    [TestMethod]
    public void ExtendedAttributes_FollowMagicLinks()
    {
        using var file = DirectoryOperations.Open(_directory, "f\0"u8, OpenFlags.ReadWrite | OpenFlags.Create, 0x180, out _)!;
        var path = Encoding.ASCII.GetBytes($"/proc/self/fd/{file.DangerousGetHandle()}\0");
        var set = ExtendedAttributes.Set(path, "user.x\0"u8, "value"u8, 0);
        if (set == Errno.EOPNOTSUPP)
            Assert.Inconclusive("needs a temporary directory with extended attributes");
        Assert.AreEqual(Errno.None, set);
        var value = new byte[10];
        Assert.AreEqual(5, ExtendedAttributes.Get(path, "user.x\0"u8, value));
        Assert.AreEqual(-(int)Errno.ERANGE, ExtendedAttributes.Get(path, "user.x\0"u8, value.AsSpan(0, 2)));
        Assert.AreEqual(7, ExtendedAttributes.List(path, []));
        Assert.AreEqual(Errno.None, ExtendedAttributes.Remove(path, "user.x\0"u8));
        Assert.AreEqual(-(int)Errno.ENODATA, ExtendedAttributes.Get(path, "user.x\0"u8, value));
    }
}
