using Kata.Linux;
using Kata.Virtio.Tests.Fakes;
using Kata.Virtio.Tests.Support;

namespace Kata.Virtio.Tests.VhostUser.FrontEnd;

/// <summary>The front end against the real virtiofsd, with a driver that speaks FUSE by hand.</summary>
[TestClass]
public sealed class VhostUserFileSystemTests
{
    public TestContext TestContext { get; set; } = null!;

    private CancellationToken Cancellation => TestContext.CancellationToken;

    [TestMethod]
    [Timeout(60_000, CooperativeCancellation = true)]
    public async Task Driver_ReadsFile_ThroughVirtiofsd()
    {
        await using var daemon = Virtiofsd.Start();
        var content = new byte[300_000];
        Random.Shared.NextBytes(content);
        await File.WriteAllBytesAsync(Path.Combine(daemon.Shared, "data"), content, Cancellation);
        using var machine = new SharedMachine();
        using var urgent = machine.Queue(0);
        using var requests = machine.Queue(1);
        await using var transport = new DelegatedTransport(Create(daemon), machine);
        await transport.StartAsync(urgent, requests);

        var fuse = new FuseDriver(requests);
        Assert.AreEqual(7u, fuse.Initialize().Major);
        Assert.AreEqual(-(int)Errno.ENOENT, fuse.LookupError(FuseDriver.Root, "absent"));
        var (node, size) = fuse.Lookup(FuseDriver.Root, "data");
        Assert.AreEqual((ulong)content.Length, size);
        var handle = fuse.Open(node);
        CollectionAssert.AreEqual(content[1000..101_000], fuse.Read(node, handle, 1000, 100_000));

        // A pause: the queue goes on where it stopped.
        await transport.RunAsync(model => model.StopQueue(1));
        await transport.StartQueueAsync(1, requests);
        CollectionAssert.AreEqual(content[^500..], fuse.Read(node, handle, (ulong)content.Length - 500, 4096));

        // A reboot: new rings, from the beginning.
        for (var i = 0; i < 2; i++)
        {
            var queue = i;
            await transport.RunAsync(model => model.StopQueue(queue));
        }

        await transport.RunAsync(model => model.Reset());
        urgent.Ring.Clear();
        requests.Ring.Clear();
        await transport.StartAsync(urgent, requests);
        var again = new FuseDriver(requests);
        again.Initialize();
        Assert.AreEqual((ulong)content.Length, again.Lookup(FuseDriver.Root, "data").Size);
        Assert.IsFalse(transport.NeedsReset.Task.IsCompleted);
    }

    [TestMethod]
    [Timeout(60_000, CooperativeCancellation = true)]
    public async Task Configuration_IsTagAndOneRequestQueue()
    {
        await using var daemon = Virtiofsd.Start();
        await using var device = Create(daemon);
        var configuration = new byte[44];
        device.Model.ReadConfiguration(0, configuration);
        CollectionAssert.AreEqual((byte[])[.. "shared"u8, .. new byte[30], 1, 0, 0, 0, 0, 0, 0, 0], configuration);
        device.Model.ReadConfiguration(34, configuration.AsSpan(0, 4));
        CollectionAssert.AreEqual(new byte[] { 0, 0, 1, 0 }, configuration[..4]);
        Assert.AreEqual((26u, 2, 256), (device.Model.DeviceType, device.Model.QueueCount, device.Model.MaxQueueSize));
    }

    [TestMethod]
    [Timeout(60_000, CooperativeCancellation = true)]
    public async Task Virtiofsd_Killed_FailsTheDevice()
    {
        await using var daemon = Virtiofsd.Start();
        using var machine = new SharedMachine();
        using var urgent = machine.Queue(0);
        using var requests = machine.Queue(1);
        var device = Create(daemon);
        await using var transport = new DelegatedTransport(device, machine);
        await transport.StartAsync(urgent, requests);
        new FuseDriver(requests).Initialize();

        daemon.Process.Kill(Signal.SIGKILL);
        var failure = await Assert.ThrowsExactlyAsync<IOException>(() => device.Completed.WaitAsync(Cancellation));
        StringAssert.Contains(failure.Message, daemon.SocketPath);
        StringAssert.Contains(failure.Message, "closed the connection");
        await transport.NeedsReset.Task.WaitAsync(Cancellation);

        // The transport still has its way with the device.
        await transport.RunAsync(model => model.StopQueue(1));
        await transport.RunAsync(model => model.Reset());
        await transport.StartAsync(urgent, requests);
    }

    [TestMethod]
    [Timeout(60_000, CooperativeCancellation = true)]
    public async Task PrivateMemory_IsRefusedWithAdvice()
    {
        await using var daemon = Virtiofsd.Start();
        using var machine = new SharedMachine(isShared: false);
        await using var device = Create(daemon);
        var failure = Assert.ThrowsExactly<InvalidOperationException>(() => new DelegatedTransport(device, machine));
        StringAssert.Contains(failure.Message, "shared memory");
    }

    [TestMethod]
    [Timeout(60_000, CooperativeCancellation = true)]
    public async Task Ring_OutsideOfMemory_IsTheDriversFault()
    {
        await using var daemon = Virtiofsd.Start();
        using var machine = new SharedMachine();
        using var queue = machine.Queue(1);
        var device = Create(daemon);
        await using var transport = new DelegatedTransport(device, machine);
        await transport.RunAsync(model => model.SetFeatures(model.Features));
        var layout = queue.Ring.Layout with { UsedRing = SharedMachine.RegionBytes - 4 };
        await transport.RunAsync(model => model.StartQueue(1, layout, queue.Kick, queue.CallEvent));
        await transport.NeedsReset.Task.WaitAsync(Cancellation);
        Assert.IsFalse(device.Completed.IsCompleted);
    }

    [TestMethod]
    public void Create_BadOptions_AreRefused()
    {
        using var directory = new TemporaryDirectory();
        var options = new VhostUserFileSystemOptions { SocketPath = directory.File("fs"), Tag = "shared" };
        Assert.ThrowsExactly<ArgumentException>(() => VhostUserFileSystem.Create(options with { Tag = "" }));
        Assert.ThrowsExactly<ArgumentException>(() => VhostUserFileSystem.Create(options with { Tag = new string('é', 19) }));
        Assert.ThrowsExactly<ArgumentException>(() => VhostUserFileSystem.Create(options with { QueueSize = 1000 }));
        var failure = Assert.ThrowsExactly<LinuxException>(() => VhostUserFileSystem.Create(options));
        Assert.AreEqual(Errno.ENOENT, failure.Errno);
        StringAssert.Contains(failure.Message, options.SocketPath);
    }

    private static VhostUserFileSystem Create(Virtiofsd daemon) =>
        VhostUserFileSystem.Create(new VhostUserFileSystemOptions { SocketPath = daemon.SocketPath, Tag = "shared", QueueSize = 256 });
}
