using System.Globalization;
using System.Text;

namespace Kata.Hypervisors.External.Tests.Support;

/// <summary>Guests to boot: a distribution kernel with an initial RAM disk of busybox and one script, or with Kata's agent.</summary>
internal static class TestGuest
{
    private const string Busybox = "/bin/busybox";

    /// <summary>
    /// Does what <c>test=</c> on the kernel command line says, and reports on the console. <c>watch</c> prints the PCI devices, CPUs and
    /// memory blocks whenever they change.
    /// </summary>
    private const string Script = """
        #!/bin/busybox sh
        /bin/busybox --install -s /bin
        export PATH=/bin
        mount -t devtmpfs dev /dev; mount -t proc proc /proc; mount -t sysfs sys /sys
        echo "guest: up $(uname -r)"
        case "$(cat /proc/cmdline)" in
            *test=poweroff*) poweroff -f ;;
            *test=reboot*) reboot -f ;;
            *test=panic*) echo c > /proc/sysrq-trigger ;;
            *test=flood*) yes flood; ;;
            *test=disks*) while read -r module; do insmod "$module"; done < /etc/kata/modules ;;
        esac
        for disk in /dev/vd?; do
            [ -b "$disk" ] && echo "guest: $disk $(sha256sum < "$disk" | cut -d' ' -f1)"
        done
        while true; do
            now="$(cd /sys/bus/pci/devices && for device in *; do readlink -f "$device" | sed 's,/sys/devices/pci0000:00/,,'; done | tr '\n' ' ')"
            now="$now cpus=$(ls -d /sys/devices/system/cpu/cpu[0-9]* | wc -l) blocks=$(ls -d /sys/devices/system/memory/memory[0-9]* | wc -l)"
            if [ "$now" != "$before" ]; then echo "guest: has $now"; before="$now"; fi
            # A hot-plugged disk is read, written over and read again.
            if [ -b /dev/vdb ] && [ -z "$seen" ]; then
                seen=1
                echo "guest: /dev/vdb $(sha256sum < /dev/vdb | cut -d' ' -f1)"
                yes | dd of=/dev/vdb bs=64k conv=fsync 2>/dev/null
                echo "guest: written"
            fi
            usleep 100000
        done
        """;

    private static string Root
    {
        get
        {
            var directory = AppContext.BaseDirectory;
            while (!File.Exists(Path.Combine(directory, "Kata.slnx")))
                directory = Path.GetDirectoryName(directory) ?? throw new InvalidOperationException("The tests do not run inside the checkout.");
            return directory;
        }
    }

    /// <summary>The distribution kernel.</summary>
    public static string Kernel => Built("vmlinuz");

    /// <summary>The initial RAM disk with the agent.</summary>
    public static string AgentInitrd => Built("initrd.img");

    /// <summary>Writes an initial RAM disk whose init is the script.</summary>
    /// <param name="directory">Where to.</param>
    /// <param name="withModules">Put it on top of the agent's, which has the kernel's modules.</param>
    public static string WriteInitrd(TemporaryDirectory directory, bool withModules)
    {
        if (!File.Exists(Busybox))
            Assert.Inconclusive("needs Debian's busybox-static");
        var path = Path.Combine(directory.Path, "initrd");
        using var archive = File.Create(path);
        if (withModules)
        {
            // A kernel unpacks archives one after the other; a later file takes the place of an earlier one.
            using var agent = File.OpenRead(AgentInitrd);
            agent.CopyTo(archive);
            Pad(archive);
        }

        const int DirectoryMode = 0x41ED, ExecutableMode = 0x81ED; // S_IFDIR | 0755, S_IFREG | 0755
        foreach (var name in (string[])["bin", "dev", "proc", "sys"])
            WriteEntry(archive, name, DirectoryMode, []);
        WriteEntry(archive, "bin/busybox", ExecutableMode, File.ReadAllBytes(Busybox));
        WriteEntry(archive, "init", ExecutableMode, Encoding.UTF8.GetBytes(Script));
        WriteEntry(archive, "TRAILER!!!", 0, []);
        return path;
    }

    private static string Built(string name)
    {
        var path = Environment.GetEnvironmentVariable("KATA_TEST_GUEST") is { Length: > 0 } directory
            ? Path.Combine(directory, name)
            : Path.Combine(Root, "artifacts", "guest", name);
        if (!File.Exists(path))
            Assert.Inconclusive($"needs artifacts/guest/{name}, which tests/run.sh builds");
        return path;
    }

    /// <summary>An entry of a cpio archive in the newc format (Documentation/driver-api/early-userspace/buffer-format.rst).</summary>
    private static void WriteEntry(Stream archive, string name, int mode, byte[] content)
    {
        int[] fields = [0, mode, 0, 0, 1, 0, content.Length, 0, 0, 0, 0, name.Length + 1, 0];
        archive.Write(Encoding.ASCII.GetBytes("070701" + string.Concat(fields.Select(field => field.ToString("x8", CultureInfo.InvariantCulture)))));
        archive.Write(Encoding.ASCII.GetBytes(name + '\0'));
        Pad(archive);
        archive.Write(content);
        Pad(archive);
    }

    private static void Pad(Stream archive) => archive.Write(new byte[(4 - (int)(archive.Position % 4)) % 4]);
}
