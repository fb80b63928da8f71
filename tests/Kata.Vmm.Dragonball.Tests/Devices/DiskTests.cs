using System.Security.Cryptography;
using Kata.Virtio;
using Kata.Vmm.Dragonball.Tests.Guests;

namespace Kata.Vmm.Dragonball.Tests.Devices;

/// <summary>Debian's virtio_blk and ext4 on disks of the host.</summary>
[TestClass]
public sealed class DiskTests : KvmTest
{
    private const int DiskBytes = 64 << 20;
    private const int PatternOffset = 640 << 10;
    private const int PatternBytes = 4 << 20;
    private const string Fio = "/usr/bin/fio";

    [TestMethod]
    public async Task Disks_WrittenByAGuest_HoldWhatItWrote()
    {
        var (raw, readOnly, ext4) = (NewDisk("raw"), NewDisk("read-only"), NewDisk("ext4"));
        await File.WriteAllBytesAsync(readOnly, RandomNumberGenerator.GetBytes(1 << 20));
        var untouched = Sha256(await File.ReadAllBytesAsync(readOnly));
        HostCommand.Run("/usr/sbin/mkfs.ext4", "-q", "-b", "4096", ext4);
        await using (var guest = await DeviceGuest.StartAsync("bookworm", Directory, options => options with
        {
            Disks =
            [
                new() { Path = raw, Serial = "kata-serial-00000001", QueueCount = 2 },
                new() { Path = readOnly, ReadOnly = true },
                new() { Path = ext4, Direct = true },
            ],
        }, Fio))
        {
            var facts = await guest.RunAsync("""
                echo "serial: $(cat /sys/block/vda/serial)"
                echo "queues: $(ls /sys/block/vda/mq | wc -l)"
                echo "sectors: $(cat /sys/block/vda/size)"
                echo "read-only: $(cat /sys/block/vda/ro) $(cat /sys/block/vdb/ro)"
                echo "write cache: $(cat /sys/block/vda/queue/write_cache)"
                """);
            TestContext.WriteLine(facts);
            StringAssert.Contains(facts, "serial: kata-serial-00000001\n");
            StringAssert.Contains(facts, "queues: 2\n");
            StringAssert.Contains(facts, $"sectors: {DiskBytes / 512}\n");
            StringAssert.Contains(facts, "read-only: 0 1\n");
            StringAssert.Contains(facts, "write cache: write back\n");

            var sum = await guest.RunAsync("""
                dd if=/dev/urandom of=pattern bs=64k count=64 2>/dev/null
                dd if=pattern of=/dev/vda bs=64k seek=10 conv=fsync 2>/dev/null
                echo 3 > /proc/sys/vm/drop_caches
                dd if=/dev/vda of=read bs=64k skip=10 count=64 2>/dev/null
                cmp pattern read
                sha256sum < pattern | cut -d' ' -f1
                """);
            Assert.AreEqual(sum.Trim(), Sha256((await File.ReadAllBytesAsync(raw)).AsSpan(PatternOffset, PatternBytes)));

            var refused = await guest.RunAsync("""
                ! dd if=/dev/zero of=/dev/vdb bs=4k count=1 conv=fsync 2>&1
                sha256sum < /dev/vdb
                """);
            StringAssert.Contains(refused, untouched);

            var full = Blocks(raw);
            await guest.RunAsync($"blkdiscard -o {PatternOffset} -l {PatternBytes} /dev/vda; dd if=/dev/vda bs=64k skip=10 count=64 2>/dev/null | cmp -n {PatternBytes} - /dev/zero");
            Assert.IsLessThanOrEqualTo(full - (PatternBytes / 512) + 16, Blocks(raw));

            TestContext.WriteLine(await guest.RunAsync("""
                fio --name=random --filename=/dev/vda --size=16M --rw=randrw --bs=4k --ioengine=libaio --iodepth=16 --direct=1 --verify=crc32c --minimal | cut -d';' -f1-8
                fio --name=sequential --filename=/dev/vda --size=16M --rw=write --bs=128k --ioengine=libaio --iodepth=4 --direct=1 --verify=crc32c --minimal | cut -d';' -f1-8
                fio --name=flushes --filename=/dev/vda --size=1M --rw=randwrite --bs=4k --fsync=4 --verify=crc32c --minimal | cut -d';' -f1-8
                """));

            await guest.RunAsync("""
                mount -t ext4 -o discard /dev/vdc /mnt
                mkdir tree
                for d in 1 2 3 4; do mkdir tree/$d; for f in $(seq 1 25); do head -c $((d * f * 999)) /dev/urandom > tree/$d/$f; done; done
                cp -a tree /mnt/
                (cd tree; find . -type f -exec sha256sum {} +) > /mnt/sums
                umount /mnt
                mount -t ext4 /dev/vdc /mnt
                (cd /mnt/tree; sha256sum -c ../sums > /dev/null)
                rm -rf /mnt/tree/1 /mnt/tree/2
                umount /mnt
                """);
        }

        HostCommand.Run("/usr/sbin/fsck.ext4", "-fn", ext4);
        Assert.AreEqual(untouched, Sha256(await File.ReadAllBytesAsync(readOnly)));
    }

    private string NewDisk(string name)
    {
        var path = Path.Combine(Directory, name);
        using var file = File.Create(path);
        file.SetLength(DiskBytes);
        return path;
    }

    private static string Sha256(ReadOnlySpan<byte> data) => Convert.ToHexStringLower(SHA256.HashData(data));

    /// <summary>Sectors that the host holds of a file.</summary>
    private static long Blocks(string path) => long.Parse(HostCommand.Run("stat", "-c", "%b", path), System.Globalization.CultureInfo.InvariantCulture);
}
