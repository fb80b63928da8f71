using Kata.Guest.Agent;
using Kata.Guest.Agent.Storages;
using Kata.Linux;

namespace Kata.Guest.Tests.Agent;

[TestClass]
public sealed class StorageTests
{
    [TestMethod]
    public void Parse_ShmOptions_SplitIntoFlagsAndData()
    {
        var options = MountOptions.Parse(["noexec", "nosuid", "nodev", "mode=1777", "size=67108864"]);
        Assert.AreEqual(MountFlags.NoExecute | MountFlags.NoSuid | MountFlags.NoDevices, options.Flags);
        Assert.AreEqual("mode=1777,size=67108864", options.Data);
    }

    [TestMethod]
    public void Parse_LaterOption_UndoesEarlier()
    {
        var options = MountOptions.Parse(["defaults", "ro", "rw", "noatime", "", "rbind", "rslave", "X-kata.multi-layer=true"]);
        Assert.AreEqual(MountFlags.NoAccessTime | MountFlags.Bind | MountFlags.Recursive, options.Flags);
        Assert.AreEqual(MountFlags.Slave | MountFlags.Recursive, options.Propagation);
        Assert.IsNull(options.Data);
    }

    [TestMethod]
    public void Parse_MoreThanAPage_IsRefused() =>
        Assert.ThrowsExactly<AgentException>(() => MountOptions.Parse([new string('x', 4096)]));

    [TestMethod]
    public void Table_TwoUsers_FirstMakesLastRemoves()
    {
        var table = new StorageTable();
        Assert.IsTrue(table.Acquire("/a"));
        Assert.IsFalse(table.Acquire("/a"));
        Assert.IsFalse(table.Release("/a"));
        Assert.IsTrue(table.Release("/a"));
        Assert.IsFalse(table.Release("/a"));
        Assert.IsTrue(table.Acquire("/a"));
    }

    [TestMethod]
    [DataRow("pagesize=2097152,size=8388608", 4L)]
    [DataRow("pagesize=2097152,size=5000000", 2L)]
    public void HugePages_Options_GivePages(string option, long pages) =>
        Assert.AreEqual((2097152L, pages), HugePages.Parse([option]));

    [TestMethod]
    [DataRow("size=8388608")]
    [DataRow("pagesize=2097152,size=1")]
    [DataRow("pagesize=-1,size=1")]
    public void HugePages_WrongOptions_AreRefused(string option) =>
        Assert.ThrowsExactly<AgentException>(() => HugePages.Parse([option]));

    [TestMethod]
    public void LocalDirectory_Mode_IsApplied()
    {
        using var directory = new TemporaryDirectory();
        LocalDirectory.Prepare(directory.Path, ["mode=0750"]);
        Assert.AreEqual((UnixFileMode)0b111_101_000, File.GetUnixFileMode(directory.Path));
    }

    [TestMethod]
    [DataRow("mode=")]
    [DataRow("mode=8")]
    [DataRow("mode=77777")]
    public void LocalDirectory_WrongMode_IsRefused(string option)
    {
        using var directory = new TemporaryDirectory();
        Assert.ThrowsExactly<AgentException>(() => LocalDirectory.Prepare(directory.Path, [option]));
    }

    [TestMethod]
    public void FileSystemGroup_Option_IsRead()
    {
        Assert.AreEqual(1000u, FileSystemGroup.IdOf("fsgid=1000"));
        Assert.IsNull(FileSystemGroup.IdOf("size=1"));
        Assert.ThrowsExactly<AgentException>(() => FileSystemGroup.IdOf("fsgid=-1"));
    }
}
