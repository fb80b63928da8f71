using System.Runtime.InteropServices;
using CsCheck;
using Kata.Virtio.Devices;
using Kata.Virtio.Fuse;
using Kata.Virtio.Mmio;
using Kata.Virtio.Queues;
using Kata.Virtio.Tests.Fakes;
using Kata.Virtio.Tests.Support;
using Kata.Virtio.Vsock;
using Microsoft.Extensions.Logging;

namespace Kata.Virtio.Tests.Mmio;

/// <summary>
/// Random rings in two queues of a device at once, and requests that are nearly right in its memory: it works after a reset, and has taken
/// little. That it wrote outside of guest memory, <see cref="GuardedMemory"/> would tell. Disk, network card and console have such tests
/// of their own.
/// </summary>
[TestClass]
public sealed class RandomRingsTests
{
    private const int Runs = 600;
    private const int Entries = 16;
    private const int RequestBytes = 128;
    private const int Requests = 32;

    /// <summary>What a device's thread may allocate on the managed heap for one driver, with all it asks for.</summary>
    private const long MaxBytesPerRun = 256 << 10;

    private static readonly Gen<ulong> Address = Gen.Frequency(
        (8, Gen.ULong[0, Requests - 1].Select(index => MmioDriver.Data + (index * RequestBytes))),
        (2, Gen.ULong[MmioDriver.Data + 0x10000, MmioDriver.MemoryBytes - 0x10000]),
        (1, Gen.ULong[MmioDriver.MemoryBytes - 256, MmioDriver.MemoryBytes - 1]));

    private static readonly Gen<uint> Length = Gen.Frequency(
        (8, Gen.Const((uint)RequestBytes)), (2, Gen.UInt[0, RequestBytes]), (1, Gen.UInt[0, 0x3000]));

    /// <summary>Anything.</summary>
    private static readonly Gen<Descriptor> Broken = Gen.Select(
        Gen.Frequency((4, Address), (1, Gen.ULong[MmioDriver.MemoryBytes - 64, MmioDriver.MemoryBytes + 64]), (1, Gen.ULong)),
        Gen.Frequency((4, Length), (1, Gen.UInt)),
        Gen.Frequency((8, Gen.Int[0, 7]), (1, Gen.Int[0, ushort.MaxValue])).Select(flags => (DescriptorFlags)flags),
        Gen.UShort[0, Entries],
        (address, length, flags, next) => new Descriptor { Address = address, Length = length, Flags = flags, Next = next });

    private readonly TemporaryDirectory _directory = new();
    private readonly RecordingLogger _logger = new(LogLevel.Warning);

    [TestCleanup]
    public void CleanUp() => _directory.Dispose();

    [TestMethod]
    public Task Entropy_RandomRings_CanBeReset() => TryAsync(VirtioRng.Create(_logger), Gen.Byte.Array[RequestBytes], "w", "", driver =>
    {
        driver.Queues[0].Set(0, MmioDriver.Data, 64, DescriptorFlags.Write);
        Assert.AreEqual(64u, driver.Exchange(0, 0));
    });

    [TestMethod]
    public Task Socket_RandomRings_CanBeReset()
    {
        var device = VirtioVsock.Create(new VirtioVsockOptions
        {
            HybridSocketPath = _directory.File("vs"),
            GuestCid = (uint)FakeMachine.GuestCid,
            Logger = _logger,
        });
        var port = Gen.UInt[1, 4];
        var bytes = Gen.Frequency((4, Gen.UInt[0, 200]), (1, Gen.UInt));
        var packet = Gen.Select(port, port, Gen.UShort[0, 8], bytes, Gen.UInt[0, 3], Gen.UInt).Select(
            (source, destination, operation, length, flags, credit) =>
            {
                var written = new byte[RequestBytes];
                FakeMachine.Packet((VsockOperation)operation, source, destination, length, flags, credit).Write(written);
                return written;
            });
        return TryAsync(device, packet, "w", "r", driver =>
        {
            const ulong At = MmioDriver.Data + RequestBytes;
            driver.Queues[0].Set(0, MmioDriver.Data, RequestBytes, DescriptorFlags.Write);
            driver.Queues[0].Offer(0);
            FakeMachine.Packet(VsockOperation.Data, 0xfeed, 0xbeef).Write(driver.At(At, VsockHeader.Size));
            driver.Queues[1].Set(0, At, VsockHeader.Size);
            driver.Exchange(1, 0);
            driver.Take(0);
            var answer = VsockHeader.Read(driver.At(MmioDriver.Data, VsockHeader.Size));
            Assert.AreEqual((VsockOperation.Reset, 0xfeedu), (answer.Operation, answer.DestinationPort));
        });
    }

    [TestMethod]
    public async Task FileSystem_RandomRings_CanBeReset()
    {
        using var mount = new TemporaryMount(_directory.Path, "tmpfs", "size=32m,nr_inodes=10k");
        var share = Directory.CreateDirectory(_directory.File("share")).FullName;
        File.WriteAllText(Path.Combine(share, "file"), "content");
        File.WriteAllText(_directory.File("secret"), "secret");
        var operation = Gen.Frequency((1, Gen.Const((uint)FuseOpcode.Initialize)), (8, Gen.UInt[0, 52]));
        var request = Gen.Select(
            operation, Gen.ULong[0, 4], Gen.UInt[40, RequestBytes], Gen.Bool, Gen.Byte.Array[RequestBytes]).Select((opcode, node, length, named, rest) =>
            {
                var header = new FuseRequestHeader { Length = length, Opcode = (FuseOpcode)opcode, Node = node };
                MemoryMarshal.Write(rest, header);
                if (opcode == (uint)FuseOpcode.Initialize)
                    MemoryMarshal.Write(rest.AsSpan(FuseRequestHeader.Size), new InitializeRequest { Major = 7, Minor = 38 });
                else if (named)
                    "file\0../secret\0"u8.CopyTo(rest.AsSpan(FuseRequestHeader.Size));
                return rest;
            });
        var device = VirtioFileSystem.Create(new VirtioFileSystemOptions { Path = share, Tag = "share", Logger = _logger });
        await TryAsync(device, request, "rw", "rw", driver =>
        {
            const ulong Reply = MmioDriver.Data + RequestBytes;
            var initialize = driver.At(MmioDriver.Data, RequestBytes);
            initialize.Clear();
            MemoryMarshal.Write(initialize, new FuseRequestHeader { Length = 104, Opcode = FuseOpcode.Initialize, Unique = 7 });
            MemoryMarshal.Write(initialize[FuseRequestHeader.Size..], new InitializeRequest { Major = 7, Minor = 38 });
            driver.Queues[1].Set(0, MmioDriver.Data, 104, DescriptorFlags.Next, 1);
            driver.Queues[1].Set(1, Reply, RequestBytes, DescriptorFlags.Write);
            Assert.AreEqual(80u, driver.Exchange(1, 0));
            Assert.AreEqual(7u, MemoryMarshal.Read<InitializeReply>(driver.At(Reply + FuseReplyHeader.Size, 64)).Major);
        });
        Assert.AreEqual("secret", File.ReadAllText(_directory.File("secret")));
        CollectionAssert.AreEquivalent(new[] { share, _directory.File("secret") }, Directory.GetFileSystemEntries(_directory.Path));
    }

    /// <summary>Eight chains of two descriptors, most of them as a driver makes them, and the order in which they are offered.</summary>
    /// <param name="shape">What a buffer of such a queue is: "r" readable, "w" writable, "rw" one after the other.</param>
    private static Gen<(Descriptor[] Table, ushort[] Heads)> Ring(string shape)
    {
        var flags = shape == "w" ? DescriptorFlags.Write : shape == "r" ? DescriptorFlags.None : DescriptorFlags.Next;
        var good = Gen.Select(Address, Length, Address, Length, (first, firstLength, second, secondLength) => (Descriptor[])
        [
            new() { Address = first, Length = firstLength, Flags = flags },
            new() { Address = second, Length = secondLength, Flags = DescriptorFlags.Write },
        ]);
        var chain = Gen.Frequency((20, good), (1, Broken.Array[2]));
        var head = Gen.Frequency((30, Gen.Int[0, (Entries / 2) - 1].Select(index => (ushort)(2 * index))), (1, Gen.UShort[0, Entries]));
        return Gen.Select(chain.Array[Entries / 2], head.Array[0, 16], (chains, heads) => (Table(chains), heads));

        static Descriptor[] Table(Descriptor[][] chains)
        {
            for (var i = 0; i < chains.Length; i++)
            {
                if (chains[i][0].Next == 0)
                    chains[i][0].Next = (ushort)((2 * i) + 1);
            }

            return [.. chains.SelectMany(one => one)];
        }
    }

    /// <param name="request">What the buffers of the random rings hold.</param>
    /// <param name="first">The shape of the first queue: see <see cref="Ring"/>.</param>
    /// <param name="second">That of the second, where there is one.</param>
    /// <param name="use">Shows that the device works.</param>
    private async Task TryAsync(VirtioDevice device, Gen<byte[]> request, string first, string second, Action<MmioDriver> use)
    {
        await using var driver = new MmioDriver(device, _logger);
        var loop = device.Threads[0].Loop;
        var (broken, allocated) = (0, loop.AllocatedBytes());
        Gen.Select(request.Array[Requests], Ring(first), Ring(second)).Sample(
            (requests, ofFirst, ofSecond) =>
            {
                driver.Start();
                for (var i = 0; i < requests.Length; i++)
                    requests[i].CopyTo(driver.At(MmioDriver.Data + ((ulong)i * RequestBytes), RequestBytes));
                foreach (var (i, (table, heads)) in new[] { ofFirst, ofSecond }.Take(driver.Queues.Length).Index())
                {
                    for (var entry = 0; entry < Entries; entry++)
                        driver.Queues[i].Descriptor(entry) = table[entry];
                    foreach (var head in heads)
                        driver.Queues[i].Offer(head);
                    driver[MmioRegister.QueueNotify] = (uint)i;
                }

                // A call on the device's thread comes after what it was notified of, or in the middle of it.
                loop.AllocatedBytes();
                broken += driver.Status.HasFlag(DeviceStatus.NeedsReset) ? 1 : 0;
            },
            iter: Runs,
            threads: 1);
        Assert.IsTrue(broken is > Runs / 100 and < Runs, $"{broken} of {Runs} broke a queue: the generator reaches one side only.");
        Assert.IsLessThan(Runs * MaxBytesPerRun, loop.AllocatedBytes() - allocated);
        driver.Start();
        use(driver);
        Assert.IsFalse(device.Completed.IsCompleted);
        Assert.IsLessThan(200, _logger.Lines.Count, "A guest can flood the log.");
    }
}
