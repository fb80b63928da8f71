using System.Diagnostics;
using Kata.Linux;
using Kata.Linux.Netlink;
using Kata.Virtio;
using Kata.Vmm.Dragonball.Tests.Guests;

namespace Kata.Vmm.Dragonball.Tests.Devices;

/// <summary>Drivers that come and go, machines that are paused and stopped, all with I/O under way.</summary>
[TestClass]
[DoNotParallelize]
public sealed class RobustnessTests : KvmTest
{
    private const string Fio = "/usr/bin/fio";

    [TestMethod]
    public async Task Machine_RebindsDriversPausesAndStopsDuringInput_KeepsItsDataAndLeavesNothing()
    {
        if (!Environment.IsPrivilegedProcess)
            Assert.Inconclusive("needs root, for a network namespace");
        var disk = Path.Combine(Directory, "disk");
        await using (var file = File.Create(disk))
            file.SetLength(32 << 20);
        var share = System.IO.Directory.CreateDirectory(Path.Combine(Directory, "share")).FullName;
        using var network = new NetworkNamespace();
        network.Run(() =>
        {
            PersistentTap.Create("tap0", multiQueue: false);
            using var configurator = new NetworkConfigurator();
            var index = configurator.ListLinks().Single(link => link.Name == "tap0").Index;
            configurator.BringUp(index, 1500);
            configurator.AddAddress(index, System.Net.IPAddress.Parse("10.1.0.1"), 24);
            return true;
        });
        var before = HostResources.Count();
        await using (var guest = await DeviceGuest.StartAsync("bookworm", Directory, options => options with
        {
            HasConsoleDevice = true,
            NetworkNamespacePath = network.Path,
            Disks = [new() { Path = disk, QueueCount = 2 }],
            Networks = [new() { TapName = "tap0", MacAddress = "02:00:00:00:00:02" }],
            FileSystems = [new() { Path = share, Tag = "own" }],
            Vsock = new VirtioVsockOptions { HybridSocketPath = Path.Combine(Directory, "vsock"), GuestCid = 3 },
        }, Fio))
        {
            await guest.RunAsync("head -c 1000000 /dev/urandom > data; dd if=data of=/dev/vda bs=64k conv=fsync 2> /dev/null");
            for (var round = 0; round < 2; round++)
            {
                TestContext.WriteLine(await guest.RunAsync(round == 1 ? RebindPlatform : RebindVirtio));
                await guest.RunAsync(UseAll);
            }

            // Paused again and again, with I/O under way.
            var work = guest.RunAsync("""
                io='--rw=randrw --bs=4k --verify=crc32c --minimal'
                fio --name=disk --filename=/dev/vda --offset=16M --size=1M --ioengine=libaio --iodepth=8 --direct=1 $io > /dev/null & disk=$!
                mount -t virtiofs own /mnt; fio --name=share --filename=/mnt/file --size=1M $io > /dev/null
                wait $disk; umount /mnt
                """);
            var pauses = 0;
            for (; !work.IsCompleted; pauses++)
            {
                await guest.Vm.PauseAsync();
                await Task.Delay(20);
                await guest.Vm.ResumeAsync();
                await Task.Delay(200);
            }

            await work;
            TestContext.WriteLine($"paused {pauses} times");
            Assert.IsGreaterThan(0, pauses);

            // Stopped with I/O under way: the disk of the host tells when it is.
            var written = File.GetLastWriteTimeUtc(disk);
            var doomed = guest.TryRunAsync("""
                mount -t virtiofs own /mnt; (while true; do ping -c 1 10.1.0.1 > /dev/null; done) &
                fio --name=disk --filename=/dev/vda --size=32M --rw=randrw --bs=4k --ioengine=libaio --iodepth=16 --direct=1 --time_based \
                    --runtime=1000 > /mnt/log
                """);
            while (!doomed.IsCompleted && File.GetLastWriteTimeUtc(disk) == written)
                await Task.Delay(50);
            var begin = Stopwatch.GetTimestamp();
            await guest.Vm.StopAsync(TimeSpan.FromSeconds(5));
            var elapsed = Stopwatch.GetElapsedTime(begin);
            TestContext.WriteLine($"stopped in {elapsed.TotalMilliseconds:F0} ms");
            Assert.IsLessThan(TimeSpan.FromSeconds(5), elapsed);
            await Assert.ThrowsAsync<AssertFailedException>(() => doomed);
        }

        GC.Collect();
        GC.WaitForPendingFinalizers();
        Assert.AreEqual(before, HostResources.Count());
    }

    /// <summary>Each driver but the console's, on which the shell is.</summary>
    private const string RebindVirtio = """
        for device in /sys/bus/virtio/devices/*; do
            driver=$(readlink -f $device/driver); name=$(basename $device)
            case $driver in *console*) continue ;; esac
            echo $name > $driver/unbind; echo $name > $driver/bind
            test -e $device/driver; echo "$name: $(basename $driver), status $(cat $device/status)"
        done
        """;

    /// <summary>The transports below the drivers.</summary>
    private const string RebindPlatform = """
        cd /sys/bus/platform/drivers/virtio-mmio
        for device in LNRO*; do
            case $(readlink -f $device/virtio*/driver) in *console*) continue ;; esac
            echo $device > unbind; echo $device > bind
            echo "$device: $(basename $(readlink -f $device/virtio*/driver)), status $(cat $device/virtio*/status)"
        done
        """;

    private const string UseAll = """
        test "$(ls /sys/block | grep -c vda)" = 1
        dd if=/dev/vda bs=64k 2> /dev/null | cmp -n 1000000 - data
        ip addr add 10.1.0.2/24 dev eth0; ip link set eth0 up
        for i in 1 2 3 4 5 6 7 8 9; do ping -c 1 -W 1 10.1.0.1 > /dev/null && break; done; ping -c 2 10.1.0.1 > /dev/null
        mount -t virtiofs own /mnt; cp data /mnt/data; echo 3 > /proc/sys/vm/drop_caches; cmp data /mnt/data; umount /mnt
        head -c 64 /dev/hwrng | wc -c | grep -qx 64
        """;
}
