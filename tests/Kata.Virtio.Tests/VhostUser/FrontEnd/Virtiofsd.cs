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
        // It is given a socket that listens: one that it makes itself is there before it listens.
        using var listener = UnixSocket.Listen(SocketPath);
        using var log = FileDescriptors.Open(_directory.File("log"), OpenFlags.WriteOnly | OpenFlags.Create, 0x180);
        Process = ChildProcess.Start(new ChildProcessOptions
        {
            Path = Program,
            Arguments = ["-f", "--fd=3", "-o", $"source={Shared},cache=none,sandbox=chroot"],
            Descriptors = new Dictionary<int, System.Runtime.InteropServices.SafeHandle> { [1] = log, [2] = log, [3] = listener },
        });
    }

    public ChildProcess Process { get; }

    public string SocketPath => _directory.File("fs");

    public string Shared => _directory.File("shared");

    public static Virtiofsd Start()
    {
        if (!File.Exists(Program))
            Assert.Inconclusive($"needs {Program} (Debian 12's qemu-system-common)");
        if (!Environment.IsPrivilegedProcess)
            Assert.Inconclusive("needs root, for virtiofsd's sandbox");
        return new Virtiofsd();
    }

    public async ValueTask DisposeAsync()
    {
        Process.Kill(Signal.SIGKILL);
        await Process.Exited;
        Process.Dispose();
        _directory.Dispose();
    }
}
