using Kata.Guest.Agent.Boot;

namespace Kata.Guest.Tests.Agent;

[TestClass]
public sealed class ModuleTests
{
    private static readonly string[] Dependencies =
    [
        "kernel/drivers/virtio/virtio.ko: kernel/drivers/virtio/virtio_ring.ko",
        "kernel/drivers/virtio/virtio_ring.ko:",
        "kernel/drivers/scsi/sd_mod.ko: kernel/drivers/scsi/scsi_mod.ko kernel/drivers/scsi/scsi_common.ko",
        "kernel/fs/x-y.ko:",
        "garbage",
        "",
    ];

    [TestMethod]
    public void Find_Module_DependenciesComeFirstFromTheLast()
    {
        var index = ModuleIndex.Parse("/lib/modules/6.1", Dependencies, []);
        CollectionAssert.AreEqual(
            new[]
            {
                "/lib/modules/6.1/kernel/drivers/scsi/scsi_common.ko", "/lib/modules/6.1/kernel/drivers/scsi/scsi_mod.ko",
                "/lib/modules/6.1/kernel/drivers/scsi/sd_mod.ko",
            },
            index.Find("sd_mod")!.ToArray());
        Assert.IsNull(index.Find("none"));
    }

    [TestMethod]
    public void Find_DashesAndUnderscores_AreOne()
    {
        var index = ModuleIndex.Parse("/m", Dependencies, ["kernel/fs/ext4/ext4.ko", "kernel/crypto/crc32c-intel.ko"]);
        Assert.IsNotNull(index.Find("x_y"));
        Assert.IsNotNull(index.Find("x-y"));
        Assert.IsTrue(index.IsBuiltin("ext4"));
        Assert.IsTrue(index.IsBuiltin("crc32c_intel"));
        Assert.IsFalse(index.IsBuiltin("x-y"));
    }

    [TestMethod]
    public void Split_BootList_EndsAfterTheVsockTransport()
    {
        var (first, others) = ModuleLoader.Split(
            ["/m/virtio.ko", "/m/vmw_vsock_virtio_transport_common.ko", "/m/vmw_vsock_virtio_transport.ko", "", "/m/fuse.ko"]);
        Assert.HasCount(3, first);
        CollectionAssert.AreEqual(new[] { "/m/fuse.ko" }, others.ToArray());
    }

    [TestMethod]
    public void Split_TransportBuiltIn_NothingIsNeededFirst()
    {
        var (first, others) = ModuleLoader.Split(["/m/fuse.ko"]);
        Assert.IsEmpty(first);
        Assert.HasCount(1, others);
    }
}
