namespace Kata.Linux.Tests.Mounts;

[TestClass]
public sealed class MountPointTests
{
    [TestMethod]
    public void Mount_InAnOwnNamespace_IsInvisibleOutside()
    {
        if (CurrentProcess.EffectiveUserId != 0)
            Assert.Inconclusive("needs root");
        var directory = Directory.CreateTempSubdirectory("kata-mount-");
        try
        {
            var capacity = Namespaces.RunInNew(NamespaceKinds.Mount, () =>
            {
                MountPoint.SetPropagation("/", MountFlags.Private | MountFlags.Recursive);
                MountPoint.Mount("tmpfs", directory.FullName, "tmpfs", MountFlags.NoSuid, "size=1m");
                File.WriteAllText(Path.Combine(directory.FullName, "inside"), "");
                MountPoint.Bind(directory.FullName, directory.FullName);
                MountPoint.RemountBind(directory.FullName, MountFlags.ReadOnly);
                Assert.ThrowsExactly<IOException>(() => File.WriteAllText(Path.Combine(directory.FullName, "denied"), ""));
                var size = MountPoint.CapacityOf(directory.FullName);
                Assert.IsTrue(MountPoint.Unmount(directory.FullName));
                Assert.IsTrue(MountPoint.Unmount(directory.FullName));
                Assert.IsFalse(MountPoint.Unmount(directory.FullName));
                return size;
            });
            Assert.AreEqual(1 << 20, capacity);
            Assert.AreEqual(0, directory.GetFileSystemInfos().Length);
        }
        finally
        {
            directory.Delete();
        }
    }

    [TestMethod]
    public void RunIn_OtherNetworkNamespace_LeavesTheCallerWhereItWas()
    {
        if (CurrentProcess.EffectiveUserId != 0)
            Assert.Inconclusive("needs root");
        static string Here() => File.ResolveLinkTarget("/proc/thread-self/ns/net", false)!.Name;
        var before = Here();
        var other = Namespaces.RunInNew(NamespaceKinds.Network, Here);
        Assert.AreNotEqual(before, other);
        Assert.AreEqual(before, Here());
        Assert.AreEqual(before, Namespaces.RunIn("/proc/self/ns/net", NamespaceKinds.Network, Here));
        Assert.AreEqual(Errno.EINVAL, Assert.ThrowsExactly<LinuxException>(() => Namespaces.RunIn("/etc/hostname", NamespaceKinds.Network, Here)).Errno);
    }
}
