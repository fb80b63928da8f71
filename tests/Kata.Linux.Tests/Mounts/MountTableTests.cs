namespace Kata.Linux.Tests.Mounts;

[TestClass]
public sealed class MountTableTests
{
    [TestMethod]
    public void Parse_LineWithEscapes_ReadsFields()
    {
        var entry = MountTable.Parse(@"36 35 98:0 /mnt1 /mnt\0402\134x rw,noatime master:1 shared:3 - ext3 /dev/ro\011ot rw,errors=continue");
        Assert.AreEqual(new MountEntry(36, "/mnt1", @"/mnt 2\x", "rw,noatime", "ext3", "/dev/ro\tot", "rw,errors=continue"), entry);
    }

    [TestMethod]
    [DataRow("")]
    [DataRow("1 2 3")]
    [DataRow("36 35 98:0 /mnt1 /mnt2 rw")]
    [DataRow("36 35 98:0 /mnt1 /mnt2 rw - ext3")]
    [DataRow("x 35 98:0 /mnt1 /mnt2 rw - ext3 /dev/root rw")]
    public void Parse_Malformed_Null(string line) => Assert.IsNull(MountTable.Parse(line));

    [TestMethod]
    public void UnmountBelow_NestedMounts_RemovesThemAndNothingElse() => MountNamespace.Run(directory =>
    {
        var inside = Directory.CreateDirectory($"{directory}/a").FullName;
        var outside = Directory.CreateDirectory($"{directory}/ab").FullName;
        MountPoint.Mount("tmpfs", inside, "tmpfs");
        MountPoint.Mount("tmpfs", outside, "tmpfs");
        Directory.CreateDirectory($"{inside}/b");
        MountPoint.Mount("tmpfs", $"{inside}/b", "tmpfs");
        MountPoint.Bind(inside, inside);
        Assert.AreEqual(3, MountTable.UnmountBelow(inside));
        Assert.AreEqual(0, MountTable.Read().Count(entry => entry.Target.StartsWith($"{inside}/", StringComparison.Ordinal) || entry.Target == inside));
        Assert.AreEqual(1, MountTable.Read().Count(entry => entry.Target == outside));
    });
}
