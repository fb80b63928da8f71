using Kata.Linux;
using Kata.Shim.Resources.SharedFs;
using Kata.Shim.Tests.Resources.Fakes;
using Microsoft.Extensions.Logging.Abstractions;

namespace Kata.Shim.Tests.Resources.SharedFs;

[TestClass]
public sealed class SharedDirectoryTests
{
    private TestDirectory _root = null!;
    private string _path = null!;

    [TestInitialize]
    public void Initialize()
    {
        _root = new TestDirectory();
        _path = $"{_root.Path}/shared/sandbox";
    }

    [TestCleanup]
    public void CleanUp() => _root?.Dispose();

    [TestMethod]
    public void Share_Directory_IsWritableThroughTheExportButTheExportIsNot()
    {
        var shared = SharedDirectory.Create(_path);
        var source = _root.Make("source");
        Share(shared, source, "volume", readOnly: false);
        File.WriteAllText($"{shared.ExportedPath}/passthrough/volume/file", "x");
        Assert.AreEqual("x", File.ReadAllText($"{source}/file"));
        Assert.ThrowsExactly<IOException>(() => File.WriteAllText($"{shared.ExportedPath}/passthrough/new", ""));
        Assert.ThrowsExactly<IOException>(() => File.WriteAllText($"{shared.ExportedPath}/new", ""));
    }

    [TestMethod]
    public void Share_ReadOnly_IsReadOnlyWithNestedMounts()
    {
        var shared = SharedDirectory.Create(_path);
        var source = _root.Make("source");
        _root.Make("source/nested");
        MountPoint.Mount("tmpfs", $"{source}/nested", "tmpfs");
        Share(shared, source, "volume", readOnly: true);
        Assert.ThrowsExactly<IOException>(() => File.WriteAllText($"{shared.ExportedPath}/passthrough/volume/file", ""));
        Assert.ThrowsExactly<IOException>(() => File.WriteAllText($"{shared.ExportedPath}/passthrough/volume/nested/file", ""));
        File.WriteAllText($"{source}/nested/file", "from the host");
        Assert.AreEqual("from the host", File.ReadAllText($"{shared.ExportedPath}/passthrough/volume/nested/file"));
    }

    [TestMethod]
    public void Share_File_ShowsItAndUnshareRemovesIt()
    {
        var shared = SharedDirectory.Create(_path);
        Share(shared, _root.Write("file", "text"), "a-file", readOnly: false);
        Assert.AreEqual("text", File.ReadAllText($"{shared.ExportedPath}/passthrough/a-file"));
        shared.Unshare("a-file", isDirectory: false);
        Assert.IsFalse(File.Exists($"{shared.ExportedPath}/passthrough/a-file"));
        Assert.IsTrue(File.Exists($"{_root.Path}/file"));
    }

    [TestMethod]
    public void Share_NameTaken_FailsAndKeepsTheFirst()
    {
        var shared = SharedDirectory.Create(_path);
        Share(shared, _root.Write("file", "text"), "name", readOnly: false);
        Assert.ThrowsExactly<IOException>(() => Share(shared, _root.Write("other", ""), "name", readOnly: false));
        Assert.AreEqual("text", File.ReadAllText($"{shared.ExportedPath}/passthrough/name"));
    }

    [TestMethod]
    public void Remove_WithShares_LeavesNothingButTheSources()
    {
        var shared = SharedDirectory.Create(_path);
        var source = _root.Make("source");
        File.WriteAllText($"{source}/data", "kept");
        Share(shared, source, "volume", readOnly: false);
        shared.AddDirectory("container/rootfs");
        MountPoint.Mount("tmpfs", $"{_path}/rw/passthrough/container/rootfs", "tmpfs");
        SharedDirectory.Remove(_path, NullLogger.Instance);
        Assert.IsEmpty(_root.Mounts());
        Assert.IsFalse(Directory.Exists(_path));
        Assert.AreEqual("kept", File.ReadAllText($"{source}/data"));
        SharedDirectory.Remove(_path, NullLogger.Instance);
    }

    [TestMethod]
    public void Remove_ForeignData_StaysInPlace()
    {
        SharedDirectory.Create(_path);
        File.WriteAllText($"{_path}/rw/passthrough/data", "somebody's");
        SharedDirectory.Remove(_path, NullLogger.Instance);
        Assert.AreEqual("somebody's", File.ReadAllText($"{_path}/rw/passthrough/data"));
        Assert.IsEmpty(_root.Mounts());
    }

    [TestMethod]
    public void Add_SameSource_SharesOneEntryUntilTheLastUse()
    {
        var shared = SharedDirectory.Create(_path);
        var volumes = new SharedVolumes(shared);
        var source = _root.Make("source");
        var first = volumes.Add(source, recursive: true, readOnly: false);
        var second = volumes.Add(source, recursive: true, readOnly: false);
        var readOnly = volumes.Add(source, recursive: true, readOnly: true);
        Assert.AreEqual(first.GuestPath, second.GuestPath);
        Assert.AreNotEqual(first.GuestPath, readOnly.GuestPath);
        StringAssert.StartsWith(first.GuestPath, "/run/kata-containers/shared/containers/passthrough/sandbox-");
        StringAssert.EndsWith(first.GuestPath, "-source");
        var exported = $"{shared.ExportedPath}/passthrough/{Path.GetFileName(first.GuestPath)}";
        first.Release();
        Assert.IsTrue(Directory.Exists(exported));
        second.Release();
        Assert.IsFalse(Directory.Exists(exported));
        readOnly.Release();
        Assert.IsEmpty(Directory.EnumerateFileSystemEntries($"{shared.ExportedPath}/passthrough"));
    }

    private static void Share(SharedDirectory shared, string source, string name, bool readOnly)
    {
        using var file = FileDescriptors.Open(source, OpenFlags.Path);
        shared.Share(file, Directory.Exists(source), name, recursive: true, readOnly);
    }
}
