using Kata.Linux;
using Kata.Virtio.Tests.Support;
using Kata.Virtio.VhostUser;

namespace Kata.Virtio.Tests.Real;

/// <summary>A Debian kernel's own virtiofs driver against the device, in an emulated machine whose root directory is the shared one.</summary>
[TestClass]
[TestCategory("e2e")]
public sealed class RealFileSystemTests
{
    private const string Script = """
        export PATH=/bin
        /bin/busybox --install -s /bin
        grep virtiofs /proc/mounts
        echo '-- names and attributes'
        mkdir t; cd t
        echo one > a; cp a b; mv b c; ln a hard; ln -s a soft; mkfifo p; mknod n c 1 3
        chown 12:34 a; chmod 4755 c; chown 5 c; [ "$(stat -c %a,%u c)" = 755,5 ]; umask 027; mkdir d; umask 022
        i=0; while [ $i -lt 300 ]; do echo $i > d/file-$i; i=$((i+1)); done; [ "$(ls d | wc -l)" = 300 ]
        rm d/file-1*; cat d/file-299; echo x > n
        cd /
        echo '-- content'
        /exerciser f 7 400; rm f
        dd if=/dev/zero of=big bs=1M count=8 2>&1; dd if=big bs=1M of=/dev/null 2>&1; md5sum big; sync; rm big
        echo '-- mounts'
        ls sub/ > /dev/null; [ "$(stat -c %d sub/inside)" != "$(stat -c %d /)" ]; grep /sub /proc/mounts
        [ "$(cat sub/inside)" = inside ]; echo new > sub/new
        touch ready; while [ ! -e go ]; do sleep 0.2; done; sleep 1.2
        [ "$(cat late/inside)" = late ]; [ "$(stat -c %d late/inside)" != "$(stat -c %d /)" ]; ls -la late sub; df . late
        umount /sub
        echo '-- cache'
        find / -xdev | wc -l; echo 3 > /proc/sys/vm/drop_caches; cat t/a
        """;

    public TestContext TestContext { get; set; } = null!;

    [TestMethod]
    [DataRow("bookworm")]
    [DataRow("trixie")]
    [Timeout(240_000, CooperativeCancellation = true)]
    public async Task Guest_WithTheShareAsItsRoot_Works(string suite)
    {
        if (CurrentProcess.EffectiveUserId != 0 || !File.Exists("/bin/busybox"))
            Assert.Inconclusive("needs root and Debian's busybox-static");
        var (kernel, initrd) = await GuestImage.GetAsync(suite, "fs-guest");
        using var directory = new TemporaryDirectory();
        var share = directory.File("share");
        foreach (var name in new[] { "bin", "dev", "proc", "sub", "late" })
            Directory.CreateDirectory(Path.Combine(share, name));
        File.Copy("/bin/busybox", Path.Combine(share, "bin", "busybox"));
        await File.WriteAllTextAsync(Path.Combine(share, "test.sh"), Script);
        await RunAsync("/usr/bin/gcc", "-O1", "-static", "-o", Path.Combine(share, "exerciser"), Path.Combine(AppContext.BaseDirectory, "Guest", "file-exerciser.c"));

        var logger = new RecordingLogger();
        var device = VirtioFileSystem.Create(new VirtioFileSystemOptions { Path = share, Tag = "share", ExtendedAttributes = true, Logger = logger });
        var listener = UnixSocket.Listen(directory.File("fs"));
        FileDescriptors.SetNonBlocking(listener, true);
        var server = VhostUserServer.Listening(device, listener, logger);
        MountBelow(share, "sub", "inside");
        using var qemu = QemuGuest.Start(
            directory, kernel, initrd,
            "-no-reboot", "-chardev", $"socket,id=fs,path={directory.File("fs")}",
            "-device", "vhost-user-fs-pci,chardev=fs,tag=share,queue-size=1024");
        try
        {
            while (!File.Exists(Path.Combine(share, "ready")) && !qemu.Exited.IsCompleted)
                await Task.Delay(100, TestContext.CancellationToken);
            MountBelow(share, "late", "late");
            await File.WriteAllTextAsync(Path.Combine(share, "go"), "");
            await qemu.Exited.WaitAsync(TestContext.CancellationToken);
            var console = await File.ReadAllTextAsync(directory.File("console"));
            var result = Path.Combine(share, "result");
            Assert.IsTrue(File.Exists(result), console + logger);
            Assert.AreEqual("0\n", await File.ReadAllTextAsync(result), console + logger);
            TestContext.WriteLine(console);

            var status = FileDescriptors.Status(Path.Combine(share, "t", "a"));
            Assert.AreEqual((12u, 34u, 4L), (status!.Value.Uid, status.Value.Gid, status.Value.Size));
            Assert.AreEqual(FileKind.CharacterDevice, FileDescriptors.Status(Path.Combine(share, "t", "n"))!.Value.Kind);
            Assert.AreEqual("new\n", await File.ReadAllTextAsync(Path.Combine(share, "sub", "new")));
        }
        finally
        {
            qemu.Kill(Signal.SIGKILL);
            await qemu.Exited;
            await server.CloseAsync();
            await device.DisposeAsync();
            MountPoint.Unmount(Path.Combine(share, "sub"), detach: true);
            MountPoint.Unmount(Path.Combine(share, "late"), detach: true);
        }
    }

    private static void MountBelow(string share, string name, string content)
    {
        var path = Path.Combine(share, name);
        MountPoint.Mount("test", path, "tmpfs", data: "size=1m");
        File.WriteAllText(Path.Combine(path, "inside"), content);
    }

    private static async Task RunAsync(string path, params string[] arguments)
    {
        using var process = ChildProcess.Start(new ChildProcessOptions { Path = path, Arguments = arguments });
        Assert.AreEqual(new ExitStatus(0, 0), await process.Exited);
    }
}
