using System.Runtime.InteropServices;
using Grpc.Core;
using Kata.Linux;
using Kata.Protocols.Agent;
using Kata.Ttrpc;
using Kata.Virtio;

namespace Kata.Guest.Tests.Agent.Machine;

/// <summary>A microVM with the guest image and our agent: QEMU in software emulation, virtio-fs, vsock, a disk and a network card.</summary>
internal sealed class GuestMachine : IAsyncDisposable
{
    public const string SharedInGuest = "/run/kata-containers/shared/containers";

    private const string Qemu = "/usr/bin/qemu-system-x86_64";
    private const string Virtiofsd = "/usr/lib/qemu/virtiofsd";

    private readonly TemporaryDirectory _directory = new();
    private readonly List<ChildProcess> _children = [];
    private VhostUserVsock? _vsock;

    private GuestMachine()
    {
    }

    public TtrpcChannel Channel { get; private set; } = null!;

    public AgentService.AgentServiceClient Agent { get; private set; } = null!;

    public Health.HealthClient Health { get; private set; } = null!;

    /// <summary>Completes when the machine is off.</summary>
    public Task<ExitStatus> Off { get; private set; } = null!;

    /// <summary>The directory that the guest sees at <see cref="SharedInGuest"/>.</summary>
    public string Shared => _directory.Path + "/shared";

    public string ConsoleText => File.Exists(_directory.Path + "/console") ? File.ReadAllText(_directory.Path + "/console") : "";

    public TtrpcAddress Vsock(uint port) => TtrpcAddress.HybridVsock(_directory.Path + "/vsock", port);

    public static async Task<GuestMachine> BootAsync(CancellationToken cancellationToken)
    {
        var guest = FindGuest();
        foreach (var tool in (string[])[Qemu, Virtiofsd, "/bin/busybox", "/usr/sbin/mkfs.ext4"])
        {
            if (!File.Exists(tool))
                Assert.Inconclusive($"needs {tool}");
        }

        if (Environment.UserName != "root")
            Assert.Inconclusive("needs root");
        var machine = new GuestMachine();
        try
        {
            await machine.StartAsync(guest, cancellationToken);
            return machine;
        }
        catch
        {
            await machine.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (Channel is not null)
            await Channel.DisposeAsync();
        foreach (var child in _children)
        {
            child.Kill(Signal.SIGKILL);
            await child.Exited;
            child.Dispose();
        }

        if (_vsock is not null)
            await _vsock.DisposeAsync();
        _directory.Dispose();
    }

    private static string FindGuest()
    {
        for (var directory = AppContext.BaseDirectory; directory is not null; directory = Path.GetDirectoryName(directory))
        {
            var guest = Path.Combine(directory, "artifacts", "guest");
            if (File.Exists(Path.Combine(guest, "initrd.img")))
                return guest;
        }

        throw new AssertInconclusiveException("needs a guest image in artifacts/guest (tests/run.sh builds it)");
    }

    private async Task StartAsync(string guest, CancellationToken cancellationToken)
    {
        MakeRootFileSystem(Shared + "/rootfs");
        await MakeDiskAsync();
        _vsock = VhostUserVsock.Start(new VhostUserVsockOptions
        {
            VhostUserSocketPath = _directory.Path + "/vhost-user",
            HybridSocketPath = _directory.Path + "/vsock",
            GuestCid = 3,
        });
        _ = Run(Virtiofsd, $"--socket-path={_directory.Path}/fs", "-o", $"source={Shared}", "-o", "cache=auto");
        while (!File.Exists(_directory.Path + "/fs"))
            await Task.Delay(5, cancellationToken);
        Off = Run(
            Qemu, "-nodefaults", "-no-user-config", "-display", "none", "-accel", "tcg", "-cpu", "max", "-smp", "1", "-m", "512", "-no-reboot",
            "-object", "memory-backend-memfd,id=ram,size=512M,share=on", "-machine", "q35,memory-backend=ram",
            "-serial", $"file:{_directory.Path}/console",
            "-chardev", $"socket,id=vsock,path={_directory.Path}/vhost-user", "-device", "vhost-user-vsock-pci,chardev=vsock",
            "-chardev", $"socket,id=fs,path={_directory.Path}/fs", "-device", "vhost-user-fs-pci,chardev=fs,tag=kataShared",
            "-drive", $"if=none,id=disk,file={_directory.Path}/disk,format=raw", "-device", "virtio-blk-pci,drive=disk,addr=10",
            "-netdev", "hubport,id=net,hubid=0", "-device", "virtio-net-pci,netdev=net,mac=02:00:00:00:00:09",
            "-kernel", guest + "/vmlinuz", "-initrd", guest + "/initrd.img",
            "-append", "console=ttyS0 quiet panic=-1 reboot=t mitigations=off cryptomgr.notests agent.log=debug agent.log_vport=1025");
        Channel = await ConnectAsync(cancellationToken);
        Agent = new AgentService.AgentServiceClient(Channel);
        Health = new Health.HealthClient(Channel);
    }

    /// <summary>The device holds a connection until the guest's driver is up and refuses it until the agent listens.</summary>
    private async Task<TtrpcChannel> ConnectAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            if (Off.IsCompleted)
                Assert.Fail($"QEMU ended with {await Off}: {ConsoleText}{File.ReadAllText(_directory.Path + "/log")}");
            try
            {
                return await TtrpcChannel.ConnectAsync(Vsock(1024), new TtrpcChannelOptions { ConnectTimeout = TimeSpan.FromSeconds(60) }, cancellationToken);
            }
            catch (Exception e) when (e is IOException or RpcException)
            {
                await Task.Delay(20, cancellationToken);
            }
        }
    }

    private Task<ExitStatus> Run(string path, params string[] arguments)
    {
        using var log = FileDescriptors.Open(_directory.Path + "/log", OpenFlags.WriteOnly | OpenFlags.Create | OpenFlags.Append, 0x180);
        var child = ChildProcess.Start(new ChildProcessOptions
        {
            Path = path,
            Arguments = arguments,
            Descriptors = new Dictionary<int, SafeHandle> { [1] = log, [2] = log },
        });
        _children.Add(child);
        return child.Exited;
    }

    /// <summary>Busybox, found by its name in every applet's place.</summary>
    private static void MakeRootFileSystem(string path)
    {
        foreach (var directory in (string[])["bin", "dev", "etc", "proc", "sys", "tmp"])
            Directory.CreateDirectory($"{path}/{directory}");
        File.Copy("/bin/busybox", path + "/bin/busybox");
        foreach (var applet in (string[])["sh", "true", "cat", "id", "hostname", "sleep", "env", "head", "tr", "stty", "tty", "ls", "mknod", "df", "free", "mount", "umount", "grep", "sha256sum", "dd", "tail", "pwd", "ps", "ip", "kill"])
            File.CreateSymbolicLink($"{path}/bin/{applet}", "busybox");
        File.WriteAllText(path + "/etc/passwd", "root:x:0:0::/:/bin/sh\nuser:x:1000:1000::/:/bin/sh\n");
    }

    private async Task MakeDiskAsync()
    {
        var content = Directory.CreateDirectory(_directory.Path + "/content").FullName;
        await File.WriteAllTextAsync(content + "/on-disk", "from the disk\n");
        using (var disk = File.OpenHandle(_directory.Path + "/disk", FileMode.CreateNew, FileAccess.Write))
            RandomAccess.SetLength(disk, 16 << 20);
        using var made = ChildProcess.Start(new ChildProcessOptions
        {
            Path = "/usr/sbin/mkfs.ext4",
            Arguments = ["-q", "-F", "-d", content, _directory.Path + "/disk"],
        });
        Assert.AreEqual(0, (await made.Exited).ShellCode);
    }
}
