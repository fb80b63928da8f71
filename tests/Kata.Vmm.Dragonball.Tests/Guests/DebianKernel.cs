using System.Buffers.Binary;
using System.ComponentModel;
using System.Diagnostics;

namespace Kata.Vmm.Dragonball.Tests.Guests;

/// <summary>The kernels of the guests that tests/run.sh builds: Debian 12's in <c>guest</c>, Debian 13's in <c>guest-trixie</c>.</summary>
internal static class DebianKernel
{
    /// <summary>The bzImage.</summary>
    public static string BzImage(string guest) => Artifact(guest, "vmlinuz");

    /// <summary>The initrd, with Kata's agent.</summary>
    public static string Initrd(string guest) => Artifact(guest, "initrd.img");

    /// <summary>The vmlinux in Debian 13's bzImage, which is compressed with zstd.</summary>
    /// <param name="directory">Where to put it.</param>
    public static string Elf(string directory)
    {
        var image = File.ReadAllBytes(BzImage("guest-trixie"));
        var payload = ((image[0x1F1] + 1) * 512) + BinaryPrimitives.ReadInt32LittleEndian(image.AsSpan(0x248));
        // The compressed data ends with its uncompressed size.
        var length = BinaryPrimitives.ReadInt32LittleEndian(image.AsSpan(0x24C)) - sizeof(int);
        var path = Path.Combine(directory, "vmlinux");
        File.WriteAllBytes(path + ".zst", image[payload..(payload + length)]);
        try
        {
            using var zstd = Process.Start("zstd", ["-dq", path + ".zst"]);
            zstd.WaitForExit();
            Assert.AreEqual(0, zstd.ExitCode);
        }
        catch (Win32Exception)
        {
            Assert.Inconclusive("needs Debian's zstd");
        }

        return path;
    }

    private static string Artifact(string guest, string name)
    {
        for (var directory = AppContext.BaseDirectory; directory is not null; directory = Path.GetDirectoryName(directory))
        {
            var path = Path.Combine(directory, "artifacts", guest, name);
            if (File.Exists(path))
                return path;
        }

        Assert.Inconclusive($"needs artifacts/{guest}/{name}, which tests/run.sh builds");
        return "";
    }
}
