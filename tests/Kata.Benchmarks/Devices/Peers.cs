namespace Kata.Benchmarks.Devices;

/// <summary>The programs that are compared with. Those of newer Debian releases run with the C library of their release.</summary>
/// <param name="directory">Where <c>fetch-peers.sh</c> put them.</param>
internal sealed class Peers(string directory)
{
    private const string Libraries = "usr/lib/x86_64-linux-gnu";

    public static string[] StorageDaemon(string socketPath, string file, string aio) =>
    [
        "/usr/bin/qemu-storage-daemon", "--blockdev", $"driver=file,node-name=disk,filename={file},aio={aio},locking=off",
        "--export", $"type=vhost-user-blk,id=export,node-name=disk,addr.type=unix,addr.path={socketPath},writable=on",
    ];

    public static string[] OldFileSystemDaemon(string socketPath, string shared) =>
        ["/usr/lib/qemu/virtiofsd", "-f", $"--socket-path={socketPath}", "-o", $"source={shared},cache=auto,sandbox=chroot"];

    public string[] FileSystemDaemon(string socketPath, string shared) =>
        Newer("trixie", "usr/libexec/virtiofsd", $"--socket-path={socketPath}", $"--shared-dir={shared}", "--cache=auto", "--sandbox=none");

    public string[] Vsock(string socketPath, string hybridPath) =>
        Newer("sid", "usr/bin/vhost-device-vsock", "--guest-cid=3", $"--socket={socketPath}", $"--uds-path={hybridPath}");

    private string[] Newer(string suite, string program, params string[] arguments)
    {
        var root = Path.Combine(directory, suite);
        var libraries = Path.Combine(root, Libraries);
        return [Path.Combine(libraries, "ld-linux-x86-64.so.2"), "--library-path", libraries, Path.Combine(root, program), .. arguments];
    }
}
