using System.Formats.Tar;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace Kata.EndToEnd.Tests.Harness;

/// <summary>An OCI image made of Debian's static busybox, written as an OCI layout archive. No registry is involved.</summary>
internal sealed class OciImage
{
    public const string Name = "localhost/busybox:e2e";

    private static readonly string[] Applets =
    [
        "cat", "chown", "cp", "date", "dd", "df", "echo", "env", "false", "free", "grep", "head", "hostname", "id", "ip", "kill", "ln", "ls",
        "mkdir", "mknod", "mount", "mv", "nproc", "od", "printf", "ps", "pwd", "readlink", "rm", "sed", "seq", "sh", "sha256sum", "sleep",
        "stat", "stty", "tail", "tee", "test", "top", "touch", "tr", "true", "tty", "umount", "uname", "wc", "whoami", "yes",
    ];

    private OciImage(string chainId) => ChainId = chainId;

    /// <summary>The snapshot that unpacking the only layer gives.</summary>
    public string ChainId { get; }

    public static async Task<OciImage> WriteAsync(string archive)
    {
        byte[] layer = await LayerAsync();
        string diffId = Digest(layer);
        byte[] config = Json(new JsonObject
        {
            ["architecture"] = "amd64",
            ["os"] = "linux",
            ["config"] = new JsonObject
            {
                ["Env"] = new JsonArray("PATH=/usr/sbin:/usr/bin:/sbin:/bin"),
                ["Cmd"] = new JsonArray("sh"),
            },
            ["rootfs"] = new JsonObject { ["type"] = "layers", ["diff_ids"] = new JsonArray(diffId) },
        });
        byte[] manifest = Json(new JsonObject
        {
            ["schemaVersion"] = 2,
            ["mediaType"] = "application/vnd.oci.image.manifest.v1+json",
            ["config"] = Descriptor("application/vnd.oci.image.config.v1+json", config),
            ["layers"] = new JsonArray(Descriptor("application/vnd.oci.image.layer.v1.tar", layer)),
        });
        var reference = Descriptor("application/vnd.oci.image.manifest.v1+json", manifest);
        reference["annotations"] = new JsonObject { ["io.containerd.image.name"] = Name };
        byte[] index = Json(new JsonObject { ["schemaVersion"] = 2, ["manifests"] = new JsonArray(reference) });

        await using var tar = new TarWriter(File.Create(archive), TarEntryFormat.Ustar);
        await WriteFileAsync(tar, "oci-layout", """{"imageLayoutVersion":"1.0.0"}"""u8.ToArray());
        await WriteFileAsync(tar, "index.json", index);
        foreach (byte[] blob in (byte[][])[layer, config, manifest])
            await WriteFileAsync(tar, $"blobs/sha256/{Digest(blob)["sha256:".Length..]}", blob);
        return new(diffId);
    }

    private static async Task<byte[]> LayerAsync()
    {
        const UnixFileMode Executable = (UnixFileMode)0x1ED;
        var bytes = new MemoryStream();
        await using (var tar = new TarWriter(bytes, TarEntryFormat.Ustar, leaveOpen: true))
        {
            foreach (string directory in (string[])["bin", "dev", "etc", "home", "home/user", "mnt", "proc", "root", "run", "sys", "tmp", "var"])
            {
                var mode = directory == "tmp" ? (UnixFileMode)0x3FF : Executable;
                await tar.WriteEntryAsync(new UstarTarEntry(TarEntryType.Directory, directory) { Mode = mode });
            }

            await WriteFileAsync(tar, "bin/busybox", await File.ReadAllBytesAsync(Settings.Find("busybox")!), Executable);
            foreach (string applet in Applets)
                await tar.WriteEntryAsync(new UstarTarEntry(TarEntryType.SymbolicLink, $"bin/{applet}") { LinkName = "busybox" });
            await WriteFileAsync(tar, "etc/passwd", "root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000:user:/home/user:/bin/sh\n"u8.ToArray());
            await WriteFileAsync(tar, "etc/group", "root:x:0:\nuser:x:1000:\nextra:x:2000:user\n"u8.ToArray());
            await WriteFileAsync(tar, "etc/not-executable", "#!/bin/sh\n"u8.ToArray());
        }

        return bytes.ToArray();
    }

    private static async Task WriteFileAsync(TarWriter tar, string path, byte[] content, UnixFileMode mode = (UnixFileMode)0x1A4) =>
        await tar.WriteEntryAsync(new UstarTarEntry(TarEntryType.RegularFile, path) { Mode = mode, DataStream = new MemoryStream(content) });

    private static JsonObject Descriptor(string mediaType, byte[] content) =>
        new() { ["mediaType"] = mediaType, ["digest"] = Digest(content), ["size"] = content.Length };

    private static string Digest(byte[] content) => $"sha256:{Convert.ToHexStringLower(SHA256.HashData(content))}";

    private static byte[] Json(JsonObject value) => Encoding.UTF8.GetBytes(value.ToJsonString());
}
