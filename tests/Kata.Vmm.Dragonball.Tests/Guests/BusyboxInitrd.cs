using System.Text;

namespace Kata.Vmm.Dragonball.Tests.Guests;

/// <summary>An initrd of busybox and a script.</summary>
internal static class BusyboxInitrd
{
    private const string Busybox = "/bin/busybox";

    /// <summary>Writes the file.</summary>
    /// <param name="script">What the shell does as the first process; busybox's programs are there, /proc and /sys are mounted.</param>
    /// <param name="addFiles">Adds what else the script needs.</param>
    public static string Write(string directory, string script, Action<InitrdArchive>? addFiles = null)
    {
        if (!File.Exists(Busybox))
            Assert.Inconclusive("needs Debian's busybox-static");
        using var archive = new InitrdArchive();
        foreach (var name in new[] { "bin", "proc", "sys", "dev", "tmp", "mnt" })
            archive.AddDirectory(name);
        archive.AddFile("bin/busybox", File.ReadAllBytes(Busybox));
        var init = $"""
            #!/bin/busybox sh
            /bin/busybox --install -s /bin
            export PATH=/bin
            mount -t proc proc /proc
            mount -t sysfs sys /sys
            {script}

            """;
        archive.AddFile("init", Encoding.UTF8.GetBytes(init));
        addFiles?.Invoke(archive);
        var path = Path.Combine(directory, "initrd.img");
        archive.Save(path);
        return path;
    }
}
