using Kata.Linux;
using Kata.Virtio.Tests.Support;

namespace Kata.Virtio.Tests.VhostUser.FrontEnd;

/// <summary>QEMU's virtiofsd (Debian 12) serving a directory.</summary>
internal sealed class Virtiofsd : IAsyncDisposable
{
    private const string Program = "/usr/lib/qemu/virtiofsd";

    private readonly TemporaryDirectory _directory = new();

    private Virtiofsd()
    {
        Directory.CreateDirectory(Shared);
        using var log = FileDescriptors.Open(_directory.File("log"), OpenFlags.WriteOnly | OpenFlags.Create, 0x180);
        Process = ChildProcess.Start(new ChildProcessOptions
        {
            Path = Program,
            Arguments = ["-f", $"--socket-path={SocketPath}", "-o", $"source={Shared},cache=none,sandbox=chroot"],
            Descriptors = new Dictionary<int, System.Runtime.InteropServices.SafeHandle> { [1] = log, [2] = log },
        });
    }

    public ChildProcess Process { get; }

    public string SocketPath => _directory.File("fs");

    public string Shared => _directory.File("shared");

    public static async Task<Virtiofsd> StartAsync(CancellationToken cancellationToken)
    {
        if (!File.Exists(Program))
            Assert.Inconclusive($"needs {Program} (Debian 12's qemu-system-common)");
        if (!Environment.IsPrivilegedProcess)
            Assert.Inconclusive("needs root, for virtiofsd's sandbox");
        var daemon = new Virtiofsd();
        while (!File.Exists(daemon.SocketPath))
        {
            if (daemon.Process.Exited.IsCompleted)
                Assert.Inconclusive($"needs a working virtiofsd; it ended: {File.ReadAllText(daemon._directory.File("log"))}");
            await Task.Delay(10, cancellationToken);
        }

        return daemon;
    }

    public async ValueTask DisposeAsync()
    {
        Process.Kill(Signal.SIGKILL);
        await Process.Exited;
        Process.Dispose();
        _directory.Dispose();
    }
}
