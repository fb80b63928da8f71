using System.Globalization;

namespace Kata.Benchmarks.Boot;

/// <summary>A program that boots a kernel and shows the guest's serial port on its standard output.</summary>
/// <param name="Name">Shown in the table.</param>
/// <param name="Path">The program.</param>
/// <param name="Arguments">From kernel, initrd, memory in MiB, and more kernel parameters.</param>
internal sealed record VmmProgram(string Name, string Path, Func<string, string, int, string[], string[]> Arguments)
{
    private static readonly string[] Quiet = ["quiet", "mitigations=off", "cryptomgr.notests"];

    /// <summary>samples/MicroVm, or a program that takes the same arguments behind its own.</summary>
    public static VmmProgram Ours(string path, params string[] own) => new(
        "dragonball",
        path,
        (kernel, initrd, memory, parameters) =>
            [.. own, kernel, initrd, "1", memory.ToString(CultureInfo.InvariantCulture), .. Quiet, .. parameters]);

    /// <summary>QEMU's smallest machine, without what such a guest has no use for.</summary>
    /// <param name="devices">Arguments that add devices.</param>
    public static VmmProgram QemuMicrovm(params string[] devices) => new(
        "qemu microvm",
        "/usr/bin/qemu-system-x86_64",
        (kernel, initrd, memory, parameters) =>
        [
            "-M", "microvm,accel=kvm,acpi=on,pcie=off,pit=off,pic=off,rtc=off,isa-serial=on,x-option-roms=off", "-cpu", "host",
            "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-serial", "stdio",
            "-m", $"{memory}M", "-kernel", kernel, "-initrd", initrd,
            "-append", string.Join(' ', ["console=ttyS0", "reboot=a", "panic=-1", "pci=off", .. Quiet, .. parameters]),
            .. devices,
        ]);
}
