using System.Buffers.Binary;
using System.Text;
using Kata.Linux;
using Kata.Virtio.Memory;
using Kata.Virtio.Queues;
using Kata.Virtio.Tests.Fakes;
using Kata.Virtio.Tests.Network;
using Kata.Virtio.Tests.Support;
using Kata.Virtio.VhostUser;
using Kata.Virtio.VhostUser.FrontEnd;
using Microsoft.Extensions.Logging.Abstractions;

namespace Kata.Virtio.Tests.VhostUser.BackEnd;

/// <summary>Each device over vhost-user, our front end against our back end. The socket device has <see cref="VhostUserProtocolTests"/>.</summary>
[TestClass]
public sealed class VhostUserBackEndTests
{
    private const int DiskBytes = 1 << 20;

    [TestMethod]
    [Timeout(60_000)]
    public async Task Disk_TwoQueuesWithAThreadEach_ReadAndWrite()
    {
        using var directory = new TemporaryDirectory();
        var content = Fill(directory.File("disk"));
        await using var served = new ServedDevice(
            VirtioBlock.Create(new VirtioBlockOptions { Path = directory.File("disk"), QueueCount = 2 }), 0, 1);
        Assert.AreEqual(2UL, served.FrontEnd.QueueCount);
        var capacity = new byte[8];
        served.FrontEnd.ReadConfiguration(0, capacity);
        Assert.AreEqual(DiskBytes / 512UL, BinaryPrimitives.ReadUInt64LittleEndian(capacity));
        for (var i = 0; i < 2; i++)
        {
            CollectionAssert.AreEqual(content[4096..12288], ReadDisk(served.Queues[i], 8, 8192));
            var data = new byte[4096];
            Random.Shared.NextBytes(data);
            CollectionAssert.AreEqual(new byte[] { 0 }, served.Queues[i].Request([DiskHeader(1, 64), data], 1));
            CollectionAssert.AreEqual(data, ReadDisk(served.Queues[1 - i], 64, 4096));
        }
    }

    [TestMethod]
    [Timeout(60_000)]
    public async Task Disk_PausedResumedAndRestarted_GoesOn()
    {
        using var directory = new TemporaryDirectory();
        var content = Fill(directory.File("disk"));
        await using var served = new ServedDevice(
            VirtioBlock.Create(new VirtioBlockOptions { Path = directory.File("disk"), QueueCount = 2 }), 0, 1);
        for (var i = 0; i < 2; i++)
        {
            var queue = served.Queues[i];
            ReadDisk(queue, 0, 512);
            var position = served.FrontEnd.StopRing(i);
            Assert.AreEqual(1, position);
            // What comes while it is paused waits, and is served by a changed memory table.
            queue.Submit([DiskHeader(0, 8)], 4096, 1);
            Assert.IsFalse(queue.TryWait(TimeSpan.FromMilliseconds(50)));
            served.FrontEnd.SetMemory(served.Machine.Memory);
            served.Start(i, queue, position);
            Assert.IsTrue(queue.TryWait(TimeSpan.FromSeconds(20)));
            Assert.IsTrue(queue.Ring.TryTakeUsed(out _, out var written));
            Assert.AreEqual(4097u, written);
            served.FrontEnd.SetMemory(served.Machine.Memory);
            CollectionAssert.AreEqual(content[..512], ReadDisk(queue, 0, 512));
        }

        // The driver begins anew.
        for (var i = 0; i < 2; i++)
            served.FrontEnd.StopRing(i);
        for (var i = 0; i < 2; i++)
        {
            served.Queues[i].Ring.Clear();
            served.Start(i, served.Queues[i]);
            CollectionAssert.AreEqual(content[..512], ReadDisk(served.Queues[i], 0, 512));
        }
    }

    [TestMethod]
    [Timeout(60_000)]
    public async Task Disk_SecondQueueBroken_IsReportedOnTheErrorDescriptor()
    {
        using var directory = new TemporaryDirectory();
        Fill(directory.File("disk"));
        await using var disk = VirtioBlock.Create(new VirtioBlockOptions { Path = directory.File("disk"), QueueCount = 2 });
        await using var backEnd = VhostUserBackEnd.Start(disk, directory.File("vu"), NullLogger.Instance);
        using var machine = new SharedMachine();
        using var queue = machine.Queue(1);
        using var error = FileDescriptors.EventFd();
        var socket = UnixSocket.Connect(directory.File("vu"));
        using var frontEnd = new VhostUserFrontEnd(socket, TimeSpan.FromSeconds(20));
        frontEnd.SetFeatures(frontEnd.Features & ~VhostUserProtocol.ProtocolFeaturesBit);
        frontEnd.SetMemory(machine.Memory);
        Assert.IsTrue(frontEnd.TryStartRing(1, queue.Ring.Layout, 0, queue.Kick, queue.CallEvent));
        UnixSocket.Send(socket, FakeFrontEnd.Message(VhostUserRequest.SetVringError, FakeFrontEnd.UInt64(1)), [error]);
        queue.Ring.Set(0, 0xdead_0000_0000, 16);
        queue.Ring.Offer(0);
        FileDescriptors.Write(queue.Kick, [1, 0, 0, 0, 0, 0, 0, 0]);
        Assert.AreNotEqual(PollEvents.None, FileDescriptors.Poll(error, PollEvents.Readable, TimeSpan.FromSeconds(20)));
    }

    [TestMethod]
    [Timeout(60_000)]
    public async Task Disk_MemoryTakenFromOneQueue_IsUnmappedWhenTheBusyOnesHaveStopped()
    {
        const int lastOfBusy = 0x2_0000;
        using var directory = new TemporaryDirectory();
        Fill(directory.File("disk"));
        await using var disk = VirtioBlock.Create(new VirtioBlockOptions { Path = directory.File("disk"), QueueCount = 3 });
        await using var backEnd = VhostUserBackEnd.Start(disk, directory.File("vu"), NullLogger.Instance);
        using var machine = new SharedMachine();
        using var mapping = MemoryMapping.Shared(machine.Memory.Regions[0].File!, 0, lastOfBusy);
        var part = new GuestMemory([new GuestMemoryRegion(0, lastOfBusy, mapping, 0, machine.Memory.Regions[0].File)]);
        for (var round = 0; round < 20; round++)
        {
            using QueueDriver busy = machine.Queue(1), lost = machine.Queue(2);
            using var frontEnd = VhostUserFrontEnd.Connect(directory.File("vu"), TimeSpan.FromSeconds(20));
            frontEnd.SetFeatures(frontEnd.Features & ~VhostUserProtocol.ProtocolFeaturesBit);
            frontEnd.SetMemory(machine.Memory);
            for (var i = 1; i <= 2; i++)
            {
                var queue = i == 1 ? busy : lost;
                queue.Ring.Clear();
                Assert.IsTrue(frontEnd.TryStartRing(i, queue.Ring.Layout, 0, queue.Kick, queue.CallEvent));
            }

            var isOver = false;
            var driver = new Thread(() =>
            {
                const ulong buffers = 0x1_8000;
                machine.Memory.TryWrite(buffers, DiskHeader(8, 0));
                busy.Ring.Set(0, buffers, 16, DescriptorFlags.Next, 1);
                busy.Ring.Set(1, buffers + 64, 21, DescriptorFlags.Write);
                for (var isFirst = true; !Volatile.Read(ref isOver); isFirst = false)
                {
                    if (!isFirst && !busy.Ring.TryTakeUsed(out _, out _))
                        continue;
                    busy.Ring.Offer(0);
                    FileDescriptors.Write(busy.Kick, [1, 0, 0, 0, 0, 0, 0, 0]);
                }
            });
            driver.Start();
            await Task.Delay(5);
            Assert.ThrowsExactly<VhostUserException>(() => frontEnd.SetMemory(part));
            Volatile.Write(ref isOver, true);
            driver.Join();
        }

        Assert.IsFalse(disk.Completed.IsCompleted);
    }

    [TestMethod]
    [Timeout(60_000)]
    public async Task Disk_Resized_FrontEndIsTold()
    {
        using var directory = new TemporaryDirectory();
        Fill(directory.File("disk"));
        await using var disk = VirtioBlock.Create(new VirtioBlockOptions { Path = directory.File("disk") });
        await using var backEnd = VhostUserBackEnd.Start(disk, directory.File("vu"), NullLogger.Instance);
        using var frontEnd = new FakeFrontEnd(directory.File("vu"));
        var (ours, theirs) = UnixSocket.Pair();
        using (ours)
        {
            using (theirs)
            {
                frontEnd.Send(VhostUserRequest.SetProtocolFeatures, VhostUserProtocol.ReplyAck | VhostUserProtocol.BackEndRequests);
                Assert.AreEqual(0UL, frontEnd.Call(VhostUserRequest.SetBackEndRequestFd, [], theirs));
            }

            using (var file = File.OpenWrite(directory.File("disk")))
                file.SetLength(2 * DiskBytes);
            disk.Resize();
            Assert.AreNotEqual(PollEvents.None, FileDescriptors.Poll(ours, PollEvents.Readable, TimeSpan.FromSeconds(20)));
            var request = new byte[32];
            Assert.AreEqual(12, FileDescriptors.Read(ours, request));
            CollectionAssert.AreEqual(new byte[] { 2, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0 }, request[..12]);
        }
    }

    [TestMethod]
    [Timeout(60_000)]
    public async Task FileSystem_ReadsFile()
    {
        using var directory = new TemporaryDirectory();
        var content = Fill(directory.File("data"));
        await using var served = new ServedDevice(
            VirtioFileSystem.Create(new VirtioFileSystemOptions { Path = directory.Path, Tag = "shared" }), 0, 1);
        var fuse = new FuseDriver(served.Queues[1]);
        Assert.AreEqual(7u, fuse.Initialize().Major);
        var (node, size) = fuse.Lookup(FuseDriver.Root, "data");
        Assert.AreEqual((ulong)DiskBytes, size);
        CollectionAssert.AreEqual(content[1000..101_000], fuse.Read(node, fuse.Open(node), 1000, 100_000));
    }

    /// <summary>The two ends in one process, so that a Dragonball machine may use either.</summary>
    [TestMethod]
    [Timeout(60_000)]
    public async Task FileSystem_BehindItsDelegate_ReadsFile()
    {
        using var directory = new TemporaryDirectory();
        var content = Fill(directory.File("data"));
        await using var device = VirtioFileSystem.Create(new VirtioFileSystemOptions { Path = directory.Path, Tag = "inner" });
        await using var backEnd = VhostUserBackEnd.Start(device, directory.File("vu"), NullLogger.Instance);
        using var machine = new SharedMachine();
        using var urgent = machine.Queue(0);
        using var requests = machine.Queue(1);
        await using var transport = new DelegatedTransport(
            VhostUserFileSystem.Create(new VhostUserFileSystemOptions { SocketPath = directory.File("vu"), Tag = "outer" }), machine);
        await transport.StartAsync(urgent, requests);
        var fuse = new FuseDriver(requests);
        fuse.Initialize();
        var (node, _) = fuse.Lookup(FuseDriver.Root, "data");
        CollectionAssert.AreEqual(content[..4096], fuse.Read(node, fuse.Open(node), 0, 4096));
    }

    [TestMethod]
    [Timeout(60_000)]
    public async Task Entropy_Fills()
    {
        await using var served = new ServedDevice(VirtioRng.Create(NullLogger.Instance), 0);
        var bytes = served.Queues[0].Request([], 64);
        Assert.IsTrue(bytes.Length > 0 && bytes.Any(value => value != 0));
    }

    [TestMethod]
    [Timeout(60_000)]
    public async Task Console_Writes()
    {
        var output = new MemoryStream();
        var console = VirtioConsole.Create(new VirtioConsoleOptions
        {
            Output = text =>
            {
                output.Write(text);
                return text.Length;
            },
        });
        await using (var served = new ServedDevice(console, 0, 1))
            served.Queues[1].Request([Encoding.ASCII.GetBytes("hello, "), Encoding.ASCII.GetBytes("host\n")]);
        Assert.AreEqual("hello, host\n", Encoding.ASCII.GetString(output.ToArray()));
    }

    [TestMethod]
    [Timeout(60_000)]
    public void Network_Transmits() => NetworkMachine.InNewNamespace(() =>
    {
        PersistentTap.Create("tap0", multiQueue: false);
        var card = VirtioNetwork.Create(new VirtioNetworkOptions { TapName = "tap0", MacAddress = "02:00:00:00:00:02" });
        TransmitAsync(card).GetAwaiter().GetResult();

        static async Task TransmitAsync(VirtioNetwork card)
        {
            await using var served = new ServedDevice(card, 0, 1);
            var mac = new byte[6];
            served.FrontEnd.ReadConfiguration(0, mac);
            CollectionAssert.AreEqual(new byte[] { 2, 0, 0, 0, 0, 2 }, mac);
            Assert.IsEmpty(served.Queues[1].Request([new byte[12], new byte[60]]));
        }
    });

    [TestMethod]
    public async Task Device_BehindTwoTransports_IsRefused()
    {
        using var directory = new TemporaryDirectory();
        await using var device = VirtioRng.Create(NullLogger.Instance);
        await using var first = VhostUserBackEnd.Start(device, directory.File("first"), NullLogger.Instance);
        Assert.ThrowsExactly<InvalidOperationException>(() => VhostUserBackEnd.Start(device, directory.File("second"), NullLogger.Instance));
        Assert.IsFalse(File.Exists(directory.File("second")));
    }

    private static byte[] Fill(string path)
    {
        var content = new byte[DiskBytes];
        Random.Shared.NextBytes(content);
        File.WriteAllBytes(path, content);
        return content;
    }

    private static byte[] DiskHeader(uint type, ulong sector)
    {
        var header = new byte[16];
        BinaryPrimitives.WriteUInt32LittleEndian(header, type);
        BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(8), sector);
        return header;
    }

    private static byte[] ReadDisk(QueueDriver queue, ulong sector, int bytes)
    {
        var reply = queue.Request([DiskHeader(0, sector)], bytes, 1);
        Assert.AreEqual((bytes + 1, 0), (reply.Length, reply[^1]));
        return reply[..^1];
    }
}
