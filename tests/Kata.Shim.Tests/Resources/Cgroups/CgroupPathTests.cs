using Kata.Shim.Resources.Cgroups;

namespace Kata.Shim.Tests.Resources.Cgroups;

[TestClass]
public sealed class CgroupPathTests
{
    [TestMethod]
    [DataRow("/default/id", "default/id")]
    [DataRow("kubepods/besteffort/pod1/c1", "kubepods/besteffort/pod1/c1")]
    [DataRow("system.slice:cri-containerd:abc", "system.slice/cri-containerd-abc.scope")]
    [DataRow("kubepods-burstable-pod1.slice:cri-containerd:abc", "kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1.slice/cri-containerd-abc.scope")]
    [DataRow(":docker:abc", "system.slice/docker-abc.scope")]
    [DataRow("-.slice:p:abc", "p-abc.scope")]
    [DataRow("a.slice:p:b.slice", "a.slice/b.slice")]
    [DataRow("/a/../../etc", null)]
    [DataRow("../x:y:z", null)]
    [DataRow("/", null)]
    [DataRow("", null)]
    [DataRow(null, null)]
    public void Of_Notations_BecomePaths(string? given, string? expected) => Assert.AreEqual(expected, CgroupPath.Of(given));
}
