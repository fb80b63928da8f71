namespace Kata.Shim.Resources.SharedFs;

/// <summary>The two programs named virtiofsd, whose command lines differ.</summary>
internal enum VirtioFsDaemonKind
{
    /// <summary>The Rust program of the virtio-fs project.</summary>
    Rust,

    /// <summary>The C program that came with QEMU up to 7.2, as in Debian 12.</summary>
    Qemu,
}
