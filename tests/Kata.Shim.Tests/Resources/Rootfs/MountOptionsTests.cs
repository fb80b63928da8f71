using Kata.Linux;
using Kata.Shim.Resources.Rootfs;

namespace Kata.Shim.Tests.Resources.Rootfs;

[TestClass]
public sealed class MountOptionsTests
{
    [TestMethod]
    public void Parse_Mixed_SplitsFlagsPropagationAndData()
    {
        var options = MountOptions.Parse(["rbind", "ro", "nosuid", "suid", "rslave", "index=off", "X-mount.mkdir", "defaults", "loop", "lowerdir=/a:/b"]);
        Assert.AreEqual(MountFlags.Bind | MountFlags.Recursive | MountFlags.ReadOnly, options.Flags);
        Assert.AreEqual(MountFlags.Slave | MountFlags.Recursive, options.Propagation);
        Assert.AreEqual("index=off,lowerdir=/a:/b", options.Data);
        Assert.IsTrue(options is { Loop: true, IsBind: true, IsReadOnly: true });
    }

    [TestMethod]
    public void Shorten_ShortOptions_AreLeftAlone() => Assert.IsNull(OverlayLayers.Shorten("lowerdir=/a:/b,upperdir=/u,workdir=/w"));

    [TestMethod]
    public void Shorten_ManyLayers_AreRelativeToTheCommonDirectory()
    {
        var layers = Enumerable.Range(0, 200).Select(number => $"/var/lib/snapshots/{number}/fs").ToList();
        var shortened = OverlayLayers.Shorten($"index=off,workdir=/var/lib/snapshots/x/work,upperdir=/var/lib/snapshots/x/fs,lowerdir={string.Join(':', layers)}");
        Assert.AreEqual("/var/lib/snapshots/", shortened!.Value.Directory);
        StringAssert.StartsWith(shortened.Value.Data, "index=off,workdir=x/work,upperdir=x/fs,lowerdir=0/fs:1/fs:");
    }

    [TestMethod]
    public void Shorten_NothingInCommon_IsGivenUp()
    {
        var layers = string.Join(':', Enumerable.Range(0, 100).Select(number => $"/{number}/{new string('x', 60)}"));
        Assert.IsNull(OverlayLayers.Shorten($"lowerdir={layers}"));
        Assert.IsNull(OverlayLayers.Shorten($"lowerdir=relative/{new string('x', 5000)}"));
    }
}
