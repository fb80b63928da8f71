using System.Runtime.CompilerServices;
using System.Text;
using Kata.Linux;
using Kata.Virtio.Fuse;
using Kata.Virtio.Tests.Support;

namespace Kata.Virtio.Tests.Fuse;

/// <summary>The structures of the protocol against the numbers of linux/fuse.h, and these against the header where there is a compiler.</summary>
[TestClass]
public sealed class FuseProtocolTests
{
    private static readonly (string Name, int Expected, int Actual)[] Structures =
    [
        ("fuse_in_header", 40, Unsafe.SizeOf<FuseRequestHeader>()),
        ("fuse_out_header", 16, Unsafe.SizeOf<FuseReplyHeader>()),
        ("fuse_init_out", 64, Unsafe.SizeOf<InitializeReply>()),
        ("fuse_attr", 88, Unsafe.SizeOf<FuseAttributes>()),
        ("fuse_entry_out", 128, Unsafe.SizeOf<EntryReply>()),
        ("fuse_attr_out", 104, Unsafe.SizeOf<AttributesReply>()),
        ("fuse_open_out", 16, Unsafe.SizeOf<OpenReply>()),
        ("fuse_write_out", 8, Unsafe.SizeOf<SizeReply>()),
        ("fuse_getxattr_out", 8, Unsafe.SizeOf<SizeReply>()),
        ("fuse_lseek_out", 8, Unsafe.SizeOf<SeekReply>()),
        ("fuse_lk_out", 24, Unsafe.SizeOf<FuseLock>()),
        ("fuse_statfs_out", 80, Unsafe.SizeOf<FileSystemStatusReply>()),
        ("fuse_dirent", 24, Unsafe.SizeOf<DirectoryEntry>()),
        ("fuse_forget_one", 16, Unsafe.SizeOf<ForgetEntry>()),
        ("fuse_batch_forget_in", 8, Unsafe.SizeOf<BatchForgetRequest>()),
        ("fuse_getattr_in", 16, Unsafe.SizeOf<GetAttributesRequest>()),
        ("fuse_setattr_in", 88, Unsafe.SizeOf<SetAttributesRequest>()),
        ("fuse_mknod_in", 16, Unsafe.SizeOf<MakeNodeRequest>()),
        ("fuse_mkdir_in", 8, Unsafe.SizeOf<MakeDirectoryRequest>()),
        ("fuse_rename2_in", 16, Unsafe.SizeOf<RenameRequest>()),
        ("fuse_open_in", 8, Unsafe.SizeOf<OpenRequest>()),
        ("fuse_create_in", 16, Unsafe.SizeOf<CreateRequest>()),
        ("fuse_release_in", 24, Unsafe.SizeOf<ReleaseRequest>()),
        ("fuse_flush_in", 24, Unsafe.SizeOf<FlushRequest>()),
        ("fuse_read_in", TransferRequest.StructureSize, Unsafe.SizeOf<TransferRequest>()),
        ("fuse_write_in", TransferRequest.StructureSize, Unsafe.SizeOf<TransferRequest>()),
        ("fuse_fsync_in", 16, Unsafe.SizeOf<SynchronizeRequest>()),
        ("fuse_setxattr_in", 16, Unsafe.SizeOf<SetXattrRequest>()),
        ("fuse_getxattr_in", 8, Unsafe.SizeOf<GetXattrRequest>()),
        ("fuse_lk_in", 48, Unsafe.SizeOf<LockRequest>()),
        ("fuse_access_in", 8, Unsafe.SizeOf<AccessRequest>()),
        ("fuse_fallocate_in", 32, Unsafe.SizeOf<AllocateRequest>()),
        ("fuse_lseek_in", 24, Unsafe.SizeOf<SeekRequest>()),
        ("fuse_copy_file_range_in", 56, Unsafe.SizeOf<CopyFileRangeRequest>()),
    ];

    [TestMethod]
    public void Structures_HaveTheirSizes()
    {
        foreach (var (name, expected, actual) in Structures)
            Assert.AreEqual(expected, actual, name);
        // Since 7.39, which Debian 12's header does not have yet.
        Assert.AreEqual(24, Unsafe.SizeOf<StatxRequest>(), "fuse_statx_in");
        Assert.AreEqual(288, Unsafe.SizeOf<StatxReply>(), "fuse_statx_out");
        Assert.AreEqual(256, Unsafe.SizeOf<StatxRecord>(), "statx");
        Assert.AreEqual(120, Unsafe.SizeOf<FileSystemRecord>(), "statfs");
    }

    [TestMethod]
    public async Task Structures_AreThoseOfTheHeader()
    {
        if (!File.Exists("/usr/bin/cc") || !File.Exists("/usr/include/linux/fuse.h"))
            Assert.Inconclusive("needs Debian's gcc and linux-libc-dev");
        using var directory = new TemporaryDirectory();
        var source = new StringBuilder("#include <linux/fuse.h>\n#include <sys/statfs.h>\n#include <stddef.h>\n");
        foreach (var (name, expected, _) in Structures)
            source.Append(System.Globalization.CultureInfo.InvariantCulture, $"_Static_assert(sizeof(struct {name}) == {expected}, \"{name}\");\n");
        foreach (var opcode in new[] { ("FUSE_RENAME2", 45), ("FUSE_LSEEK", 46), ("FUSE_COPY_FILE_RANGE", 47), ("FUSE_SYNCFS", 50), ("FUSE_TMPFILE", 51) })
            source.Append(System.Globalization.CultureInfo.InvariantCulture, $"_Static_assert({opcode.Item1} == {opcode.Item2}, \"{opcode.Item1}\");\n");
        var path = directory.File("check.c");
        await File.WriteAllTextAsync(path, source.ToString());
        using var output = FileDescriptors.Open(directory.File("log"), OpenFlags.WriteOnly | OpenFlags.Create, 0x180);
        using var compiler = ChildProcess.Start(new ChildProcessOptions
        {
            Path = "/usr/bin/cc",
            Arguments = ["-fsyntax-only", path],
            Descriptors = new Dictionary<int, System.Runtime.InteropServices.SafeHandle> { [2] = output },
        });
        Assert.AreEqual(new ExitStatus(0, 0), await compiler.Exited, await File.ReadAllTextAsync(directory.File("log")));
    }
}
