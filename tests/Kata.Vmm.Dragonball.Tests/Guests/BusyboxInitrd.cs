using System.Text;

namespace Kata.Vmm.Dragonball.Tests.Guests;

/// <summary>An initrd (cpio, newc) of busybox and a script.</summary>
internal static class BusyboxInitrd
{
    private const string Busybox = "/bin/busybox";
    private const uint DirectoryMode = 0x41ED; // 040755
    private const uint ProgramMode = 0x81ED; // 0100755

    /// <summary>Writes the file.</summary>
    /// <param name="script">What the shell does as the first process; busybox's programs are there, /proc and /sys are mounted.</param>
    public static string Write(string directory, string script)
    {
        if (!File.Exists(Busybox))
            Assert.Inconclusive("needs Debian's busybox-static");
        using var archive = new MemoryStream();
        foreach (var name in new[] { "bin", "proc", "sys", "dev" })
            Add(archive, name, DirectoryMode, []);
        Add(archive, "bin/busybox", ProgramMode, File.ReadAllBytes(Busybox));
        var init = $"""
            #!/bin/busybox sh
            /bin/busybox --install -s /bin
            export PATH=/bin
            mount -t proc proc /proc
            mount -t sysfs sys /sys
            {script}

            """;
        Add(archive, "init", ProgramMode, Encoding.UTF8.GetBytes(init));
        Add(archive, "TRAILER!!!", 0, []);
        var path = Path.Combine(directory, "initrd.img");
        File.WriteAllBytes(path, archive.ToArray());
        return path;
    }

    private static void Add(MemoryStream archive, string name, uint mode, byte[] content)
    {
        // inode, mode, owner, group, links, time, size, device numbers (4), length of the name, checksum
        uint[] fields = [(uint)archive.Length, mode, 0, 0, 1, 0, (uint)content.Length, 0, 0, 0, 0, (uint)name.Length + 1, 0];
        archive.Write(Encoding.ASCII.GetBytes("070701" + string.Concat(fields.Select(field => field.ToString("X8"))) + name + "\0"));
        Pad(archive);
        archive.Write(content);
        Pad(archive);
    }

    private static void Pad(MemoryStream archive) => archive.Write(new byte[(4 - (archive.Length % 4)) % 4]);
}
