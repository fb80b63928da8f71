using Kata.Guest.Agent;
using Kata.Linux;

namespace Kata.Guest.Tests.Agent;

[TestClass]
public sealed class GuestFilesTests
{
    [TestMethod]
    [DataRow("/run/kata-containers/a", true)]
    [DataRow("/run/kata-containers/shared/containers/", true)]
    [DataRow("/run/kata-containers", false)]
    [DataRow("/run/kata-containers/", false)]
    [DataRow("/run/kata-containersx/a", false)]
    [DataRow("/run/kata-containers/../etc", false)]
    [DataRow("/run/kata-containers/a/..", false)]
    [DataRow("/run/kata-containers//a", false)]
    [DataRow("/run/kata-containers/./a", false)]
    [DataRow("run/kata-containers/a", false)]
    [DataRow("/run/kata-containers/a\0", false)]
    [DataRow("", false)]
    public void IsBelow_Path_OnlyInShortestFormBelowTheDirectory(string path, bool below) =>
        Assert.AreEqual(below, GuestFiles.IsBelow(path, "/run/kata-containers"));

    [TestMethod]
    public void OpenDirectory_MissingParts_AreMadeAndReported()
    {
        using var root = new TemporaryDirectory();
        var created = 0;
        using var directory = GuestFiles.OpenDirectory(root.Path, root.Path + "/a/b", _ => created++);
        Assert.AreEqual(2, created);
        Assert.IsTrue(Directory.Exists(root.Path + "/a/b"));
    }

    [TestMethod]
    public void OpenDirectory_SymbolicLinkOnTheWay_IsRefused()
    {
        using var root = new TemporaryDirectory();
        using var elsewhere = new TemporaryDirectory();
        File.CreateSymbolicLink(root.Path + "/link", elsewhere.Path);
        var error = Assert.ThrowsExactly<LinuxException>(() => GuestFiles.OpenDirectory(root.Path, root.Path + "/link/x"));
        Assert.AreEqual(Errno.ELOOP, error.Errno);
        Assert.IsEmpty(Directory.GetFileSystemEntries(elsewhere.Path));
    }
}
