using System.Net.Sockets;
using System.Text;
using Kata.Linux;
using Kata.Virtio.Tests.Support;

namespace Kata.Virtio.Tests.Real;

/// <summary>QEMU with the test guest behind a <see cref="VhostUserVsock"/>.</summary>
internal sealed class QemuGuest : IAsyncDisposable
{
    /// <summary>The ports of <c>Guest/vsock-guest.c</c>.</summary>
    public const uint Echo = 10, Sink = 11, Source = 12, Dial = 13, Ignore = 14, Power = 15;

    /// <summary>Timers of an emulated machine may be late when the host is busy: that is no reason to give up.</summary>
    private const string CommandLine = "console=ttyS0 quiet panic=-1 reboot=t tsc=unstable no_timer_check mitigations=off";

    private readonly TemporaryDirectory _directory = new();

    private QemuGuest(RecordingLogger logger)
    {
        Logger = logger;
        Vsock = VhostUserVsock.Start(new VhostUserVsockOptions
        {
            VhostUserSocketPath = _directory.File("vhost-user"),
            HybridSocketPath = SocketPath,
            GuestCid = 3,
            Logger = logger,
        });
    }

    public RecordingLogger Logger { get; }

    public VhostUserVsock Vsock { get; }

    public ChildProcess Qemu { get; private set; } = null!;

    public string SocketPath => _directory.File("vsock");

    public static async Task<QemuGuest> StartAsync(string suite)
    {
        var (kernel, initrd) = await GuestImage.GetAsync(suite);
        var guest = new QemuGuest(new RecordingLogger());
        guest.Qemu = Start(
            guest._directory, kernel, initrd,
            "-chardev", $"socket,id=vsock0,path={guest._directory.File("vhost-user")}", "-device", "vhost-user-vsock-pci,chardev=vsock0");
        return guest;
    }

    /// <summary>
    /// Connects to a service of the guest. Before the driver is up the device holds the client; before the service listens the guest
    /// refuses it.
    /// </summary>
    public async Task<Socket> ConnectWhenReadyAsync(uint port, CancellationToken cancellationToken)
    {
        while (true)
        {
            if (await HybridClient.TryConnectAsync(SocketPath, port, cancellationToken) is { } socket)
                return socket;
            Assert.IsFalse(Qemu.Exited.IsCompleted, $"QEMU ended. {Console}");
        }
    }

    /// <summary>Runs commands of QEMU's monitor protocol that have no arguments.</summary>
    public async Task ControlAsync(CancellationToken cancellationToken, params string[] commands)
    {
        using var qmp = await HybridClient.OpenAsync(_directory.File("qmp"), cancellationToken);
        await HybridClient.ReadLineAsync(qmp, cancellationToken);
        foreach (var command in (string[])["qmp_capabilities", .. commands])
        {
            await HybridClient.SendAllAsync(qmp, Encoding.ASCII.GetBytes($$"""{"execute":"{{command}}"}""" + "\n"), cancellationToken);
            string? line;
            do
                line = await HybridClient.ReadLineAsync(qmp, cancellationToken);
            while (line is not null && !line.Contains("\"return\"", StringComparison.Ordinal));
        }
    }

    public string Console => File.Exists(_directory.File("console")) ? File.ReadAllText(_directory.File("console")) : "";

    public async ValueTask DisposeAsync()
    {
        Qemu.Kill(Signal.SIGKILL);
        await Qemu.Exited;
        Qemu.Dispose();
        await Vsock.DisposeAsync();
        _directory.Dispose();
    }

    /// <summary>
    /// Starts a machine with a test guest and devices that this process serves. Its <c>console</c> and QEMU's own <c>qemu.log</c> are files
    /// in the directory.
    /// </summary>
    /// <param name="devices">Further arguments of QEMU.</param>
    public static ChildProcess Start(TemporaryDirectory directory, string kernel, string initrd, params ReadOnlySpan<string> devices)
    {
        using var log = FileDescriptors.Open(directory.File("qemu.log"), OpenFlags.WriteOnly | OpenFlags.Create, 0x180);
        return ChildProcess.Start(new ChildProcessOptions
        {
            Path = "/usr/bin/qemu-system-x86_64",
            Arguments =
            [
                "-nodefaults", "-no-user-config", "-display", "none", "-accel", "tcg", "-cpu", "max", "-smp", "2", "-m", "256",
                "-object", "memory-backend-memfd,id=ram,size=256M,share=on", "-machine", "q35,memory-backend=ram",
                "-serial", $"file:{directory.File("console")}", "-qmp", $"unix:{directory.File("qmp")},server=on,wait=off",
                .. devices,
                "-kernel", kernel, "-initrd", initrd, "-append", CommandLine,
            ],
            Descriptors = new Dictionary<int, System.Runtime.InteropServices.SafeHandle> { [1] = log, [2] = log },
        });
    }
}
