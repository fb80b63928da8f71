namespace Kata.Vmm.Dragonball.Boot;

/// <summary>The kernel parameters that suit this machine. Kernels let the last of two contradicting parameters win.</summary>
internal static class KernelCommandLine
{
    /// <summary>
    /// What a kernel should always be told: its console; to reset through ACPI, which the machine has, and at once after a panic, so that
    /// the panic is reported; and that there is no PCI bus to look for.
    /// </summary>
    public const string Machine = "console=ttyS0 reboot=a panic=-1 pci=off";

    /// <summary>What makes distribution kernels boot faster here, and is right on KVM.</summary>
    private static readonly string[] s_stockKernel =
    [
        // The host keeps the TSC stable; without PIT and HPET nothing could check it, or the timer's interrupt.
        "tsc=reliable", "no_timer_check",
        // One serial port, instead of looking for four.
        "8250.nr_uarts=1",
        // Distribution kernels test their ciphers at every boot, and mistrust RDRAND until told otherwise.
        "cryptomgr.notests", "random.trust_cpu=on",
        // Devices reach all memory: no copies below 4 GiB, and no 64 MiB kept for them.
        "swiotlb=noforce",
        // Grace periods are waited for throughout the boot.
        "rcupdate.rcu_expedited=1",
    ];

    /// <summary>The command line for a distribution's kernel.</summary>
    /// <param name="quiet">
    /// Without the kernel's log: every character on the console costs two exits of a vCPU. Panics come through.
    /// </param>
    /// <param name="parameters">What the caller adds, with the last word.</param>
    public static string ForStockKernel(bool quiet, string parameters)
    {
        IEnumerable<string> all = [Machine, .. s_stockKernel, .. quiet ? (ReadOnlySpan<string>)["quiet"] : [], parameters.Trim()];
        return string.Join(' ', all).TrimEnd();
    }
}
