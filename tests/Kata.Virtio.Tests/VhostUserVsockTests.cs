using Kata.Linux;
using Kata.Virtio.Tests.Fakes;
using Kata.Virtio.Tests.Support;
using Kata.Virtio.VhostUser;

namespace Kata.Virtio.Tests;

[TestClass]
public sealed class VhostUserVsockTests
{
    [TestMethod]
    public async Task Start_Sockets_AreForTheOwnerOnly()
    {
        await using var device = new DeviceFixture();
        const UnixFileMode Owner = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        Assert.AreEqual((Owner, Owner), (File.GetUnixFileMode(device.VhostUserPath), File.GetUnixFileMode(device.HybridPath)));
    }

    [TestMethod]
    public async Task Start_InheritedConnection_EndsWithTheVmm()
    {
        using var directory = new TemporaryDirectory();
        var (ours, vmms) = UnixSocket.Pair();
        await using var device = VhostUserVsock.Start(new VhostUserVsockOptions
        {
            VhostUserConnection = ours,
            HybridSocketPath = directory.File("vs"),
            GuestCid = 3,
        });
        using (var frontEnd = new FakeFrontEnd(vmms))
            Assert.AreEqual(VhostUserProtocol.Offered, frontEnd.Get(VhostUserRequest.GetProtocolFeatures));
        await device.Completed.WaitAsync(TimeSpan.FromSeconds(10));
        Assert.IsFalse(File.Exists(directory.File("vs")));
    }

    [TestMethod]
    public async Task Dispose_Twice_IsHarmless()
    {
        using var directory = new TemporaryDirectory();
        var device = VhostUserVsock.Start(new VhostUserVsockOptions
        {
            VhostUserSocketPath = directory.File("vu"),
            HybridSocketPath = directory.File("vs"),
            GuestCid = 3,
        });
        await device.DisposeAsync();
        await device.DisposeAsync();
        Assert.IsTrue(device.Completed.IsCompletedSuccessfully);
    }

    [TestMethod]
    public void Start_PathTaken_FailsAndLeavesNothing()
    {
        using var directory = new TemporaryDirectory();
        File.WriteAllText(directory.File("vu"), "");
        var error = Assert.ThrowsExactly<LinuxException>(() => VhostUserVsock.Start(new VhostUserVsockOptions
        {
            VhostUserSocketPath = directory.File("vu"),
            HybridSocketPath = directory.File("vs"),
            GuestCid = 3,
        }));
        Assert.AreEqual(Errno.EADDRINUSE, error.Errno);
        StringAssert.Contains(error.Message, directory.File("vu"));
        Assert.IsFalse(File.Exists(directory.File("vs")));
        Assert.IsTrue(File.Exists(directory.File("vu")), "What was there before stays.");
    }

    [TestMethod]
    public void Start_ContradictoryOptions_AreRefused()
    {
        var options = new VhostUserVsockOptions { HybridSocketPath = "/nowhere/vs", GuestCid = 3 };
        Assert.ThrowsExactly<ArgumentException>(() => VhostUserVsock.Start(options));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => VhostUserVsock.Start(options with { VhostUserSocketPath = "/nowhere/vu", GuestCid = 2 }));
        Assert.ThrowsExactly<LinuxException>(() => VhostUserVsock.Start(options with { VhostUserSocketPath = "/nowhere/vu" }));
    }
}
