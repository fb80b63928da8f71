using System.Runtime.InteropServices;
using Kata.Linux;
using Kata.Virtio;

namespace Kata.Vmm.Dragonball.Tests.Guests;

/// <summary>Debian's kernel 6.12 with a directory of the host mounted, which this process serves or QEMU's virtiofsd does.</summary>
internal sealed class FileSystemGuest : IAsyncDisposable
{
    /// <summary>Where the guest has the directory.</summary>
    public const string Mount = "/mnt/share";

    private const string Virtiofsd = "/usr/lib/qemu/virtiofsd";

    private readonly ChildProcess? _virtiofsd;

    private FileSystemGuest(DeviceGuest guest, ChildProcess? virtiofsd) => (Guest, _virtiofsd) = (guest, virtiofsd);

    public DeviceGuest Guest { get; }

    /// <summary>Boots it and mounts the directory.</summary>
    /// <param name="server">Who serves the directory.</param>
    /// <param name="directory">For the initrd and sockets.</param>
    /// <param name="share">The directory.</param>
    /// <param name="programs">As of <see cref="DeviceGuest.StartAsync"/>.</param>
    public static async Task<FileSystemGuest> StartAsync(FileServer server, string directory, string share, params string[] programs)
    {
        var socket = Path.Combine(directory, "virtiofsd.sock");
        var virtiofsd = server == FileServer.Virtiofsd ? StartVirtiofsd(socket, share) : null;
        try
        {
            var guest = await DeviceGuest.StartAsync("trixie", directory, options => options with
            {
                MemoryBacking = MicroVmMemoryBacking.Shared,
                FileSystems = virtiofsd is null ? [new() { Path = share, Tag = "share", ExtendedAttributes = true }] : [],
                VhostUserFileSystems = virtiofsd is null ? [] : [new() { SocketPath = socket, Tag = "share" }],
            }, programs);
            var result = new FileSystemGuest(guest, virtiofsd);
            virtiofsd = null;
            await guest.RunAsync($"mkdir -p {Mount}; mount -t virtiofs share {Mount}");
            return result;
        }
        finally
        {
            await EndAsync(virtiofsd);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Guest.DisposeAsync();
        await EndAsync(_virtiofsd);
    }

    /// <summary>It may what this process may: without CAP_SYS_ADMIN it can set no trusted attributes.</summary>
    private static ChildProcess StartVirtiofsd(string socket, string share)
    {
        if (!File.Exists(Virtiofsd))
            Assert.Inconclusive($"needs {Virtiofsd}, of QEMU 7.2 in Debian 12, as the yardstick");
        // It is given a socket that listens: one that it makes itself is there before it listens.
        using var listener = UnixSocket.Listen(socket);
        return ChildProcess.Start(new ChildProcessOptions
        {
            Path = Virtiofsd,
            Arguments = ["-f", "--fd=3", "-o", $"source={share},cache=auto,sandbox=chroot,xattr,modcaps=+sys_admin"],
            Descriptors = new Dictionary<int, SafeHandle> { [3] = listener },
        });
    }

    private static async Task EndAsync(ChildProcess? process)
    {
        if (process is null)
            return;
        process.Kill(Signal.SIGKILL);
        await process.Exited;
        process.Dispose();
    }
}
