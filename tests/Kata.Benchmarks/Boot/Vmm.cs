using System.Globalization;

namespace Kata.Benchmarks.Boot;

/// <summary>A program that boots a kernel and shows the guest's serial port on its standard output.</summary>
/// <param name="Name">Shown in the table.</param>
/// <param name="Path">The program.</param>
/// <param name="Arguments">From kernel, initrd and memory in MiB.</param>
internal sealed record Vmm(string Name, string Path, Func<string, string, int, string[]> Arguments)
{
    private const string Quiet = "quiet mitigations=off cryptomgr.notests";

    /// <summary>samples/MicroVm.</summary>
    public static Vmm Ours(string path) => new(
        "dragonball", path, (kernel, initrd, memory) => [kernel, initrd, "1", memory.ToString(CultureInfo.InvariantCulture), .. Quiet.Split(' ')]);

    /// <summary>QEMU's smallest machine, without what such a guest has no use for.</summary>
    public static Vmm QemuMicrovm(string path) => new(
        "qemu microvm",
        path,
        (kernel, initrd, memory) =>
        [
            "-M", "microvm,accel=kvm,acpi=on,pcie=off,pit=off,pic=off,rtc=off,isa-serial=on,x-option-roms=off", "-cpu", "host",
            "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-serial", "stdio",
            "-m", $"{memory}M", "-kernel", kernel, "-initrd", initrd, "-append", $"console=ttyS0 reboot=a panic=-1 pci=off {Quiet}",
        ]);
}
