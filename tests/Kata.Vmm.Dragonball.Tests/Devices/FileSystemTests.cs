using System.Diagnostics;
using System.Globalization;
using Kata.Vmm.Dragonball.Tests.Guests;

namespace Kata.Vmm.Dragonball.Tests.Devices;

/// <summary>
/// Debian's virtiofs on directories of the host: one that this process serves, and one that QEMU's virtiofsd does. Both have to pass the same.
/// </summary>
[TestClass]
public sealed class FileSystemTests : KvmTest
{
    private const string Fio = "/usr/bin/fio";
    private const string SetAttribute = "/usr/bin/setfattr";
    private const string GetAttribute = "/usr/bin/getfattr";
    private const string Flock = "/usr/bin/flock";
    private const string Exerciser = "file-exerciser";

    /// <summary>What the guest does in the mounted directory.</summary>
    private static readonly (string What, string Script)[] s_checks =
    [
        ("tree in and out", """
            (cd from-host; sha256sum -c ../from-host.sums > /dev/null)
            mkdir from-guest
            for d in 1 2 3; do mkdir from-guest/$d; for f in $(seq 1 20); do head -c $((d * f * 777)) /dev/urandom > from-guest/$d/$f; done; done
            (cd from-guest; find . -type f -exec sha256sum {} +) > from-guest.sums
            cp -a from-guest again
            (cd again; sha256sum -c ../from-guest.sums > /dev/null)
            """),
        ("names and links", """
            echo one > a; mv a b; ! test -e a; ln b c; test "$(stat -c %h b)" = 2; ln -s b d; test "$(readlink d)" = b
            echo two > e; mv e b; test "$(cat d)" = two; test "$(cat c)" = one; test "$(stat -c %h c)" = 1
            rm c d; mkdir f; mv f g; rmdir g; ! test -e g; mkfifo p; test -p p; rm p
            exec 3<> held; rm held; echo kept >&3; test "$(cat < /proc/self/fd/3)" = kept; exec 3<&-
            """),
        ("attributes", """
            : > m; chown 1234:5678 m; chmod 4751 m; test "$(stat -c %u:%g:%a m)" = 1234:5678:4751
            chown 1234:5679 m; test "$(stat -c %u:%g:%a m)" = 1234:5679:751
            touch -d '2001-02-03 04:05:06' m; test "$(stat -c %Y m)" = 981173106
            setfattr -n trusted.colour -v blue m; getfattr --only-values -n trusted.colour m | grep -qx blue
            setfattr -x trusted.colour m; ! getfattr -n trusted.colour m 2> /dev/null
            head -c 10000 /dev/urandom > t; truncate -s 5000 t; test "$(stat -c %s t)" = 5000; truncate -s 70000 t
            tail -c 65000 t | cmp -n 65000 - /dev/zero
            fallocate -l 200000 t; test "$(stat -c %s t)" = 200000
            """),
        ("exec", "cp /bin/busybox .; ./busybox sha256sum < /bin/busybox > x; ./busybox sha256sum < busybox | cmp - x"),
        ("1000 entries", """
            mkdir many; cd many; seq 1 1000 | xargs touch; test "$(ls | wc -l)" = 1000; ls -l > /dev/null; cd ..; rm -r many; ! test -e many
            """),
        ("locks", """
            : > lock; flock lock sleep 2 & sleep 1; ! flock -n lock true; wait; flock -n lock true
            """),
        ("file-exerciser", "file-exerciser x1 1 100; file-exerciser x2 2 100"),
        ("fio", """
            fio --name=random --filename=fio --size=2M --rw=randrw --bs=4k --verify=crc32c --minimal > /dev/null
            fio --name=direct --filename=fio --size=2M --rw=randwrite --bs=16k --direct=1 --ioengine=libaio --iodepth=8 --verify=crc32c --minimal > /dev/null
            fio --name=mapped --filename=fio --size=1M --rw=randrw --bs=4k --ioengine=mmap --verify=crc32c --minimal > /dev/null
            """),
        ("space", "df -P . | tail -n 1 | grep -q '%'; df -i . > /dev/null"),
    ];

    [TestMethod]
    [DataRow(FileServer.Own)]
    [DataRow(FileServer.Virtiofsd)]
    public async Task Share_UsedByAGuest_IsAsOnTheHost(FileServer server)
    {
        var share = NewShare();
        await using var guest = await FileSystemGuest.StartAsync(server, Directory, share, Fio, SetAttribute, GetAttribute, Flock, Exerciser);
        var problems = await CheckAsync(guest.Guest, share);
        Assert.IsEmpty(problems, string.Join('\n', problems));
    }

    private async Task<List<string>> CheckAsync(DeviceGuest guest, string share)
    {
        var problems = new List<string>();
        foreach (var (what, script) in s_checks)
        {
            var begin = Stopwatch.GetTimestamp();
            var (status, output) = await guest.TryRunAsync($"cd {FileSystemGuest.Mount}\nset -x\n{script}");
            TestContext.WriteLine($"{what}: {(status == 0 ? "passed" : "failed")}, {Stopwatch.GetElapsedTime(begin).TotalSeconds:F1} s");
            if (status != 0)
            {
                problems.Add($"{what}: {output}");
                TestContext.WriteLine(output);
            }
        }

        // The host sees the same, and the guest what the host does.
        HostCommand.Run("sh", "-c", $"cd '{share}/from-guest' && sha256sum --quiet -c ../from-guest.sums");
        Assert.AreEqual("1234 5679 751\n", HostCommand.Run("stat", "-c", "%u %g %a", $"{share}/m"));
        await File.WriteAllTextAsync($"{share}/later", "from the host");
        StringAssert.Contains(await guest.RunAsync($"cat {FileSystemGuest.Mount}/later"), "from the host");
        HostCommand.Run("mount", "--bind", $"{share}/from-host", $"{share}/bound");
        try
        {
            await guest.RunAsync($"sleep 2; cd {FileSystemGuest.Mount}/bound; sha256sum -c ../from-host.sums > /dev/null; cd /; echo 2 > /proc/sys/vm/drop_caches");
        }
        catch (AssertFailedException e)
        {
            problems.Add($"bind mount: {e.Message}");
        }
        finally
        {
            HostCommand.Run("umount", "--lazy", $"{share}/bound");
        }

        await guest.RunAsync($"cd /; umount {FileSystemGuest.Mount}");
        return problems;
    }

    private string NewShare()
    {
        var share = System.IO.Directory.CreateDirectory(Path.Combine(Directory, "share")).FullName;
        System.IO.Directory.CreateDirectory(Path.Combine(share, "bound"));
        for (var directory = 1; directory <= 3; directory++)
        {
            var path = System.IO.Directory.CreateDirectory(Path.Combine(share, "from-host", directory.ToString(CultureInfo.InvariantCulture))).FullName;
            for (var file = 1; file <= 20; file++)
            {
                var content = new byte[directory * file * 1234];
                Random.Shared.NextBytes(content);
                File.WriteAllBytes(Path.Combine(path, file.ToString(CultureInfo.InvariantCulture)), content);
            }
        }

        HostCommand.Run("sh", "-c", $"cd '{share}/from-host' && find . -type f -exec sha256sum {{}} + > ../from-host.sums");
        return share;
    }
}
