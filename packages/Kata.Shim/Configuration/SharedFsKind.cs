namespace Kata.Shim.Configuration;

/// <summary>Values of <c>shared_fs</c>.</summary>
internal enum SharedFsKind
{
    /// <summary>Nothing is shared: root file systems must be block devices.</summary>
    None,

    /// <summary>virtio-fs with a virtiofsd process.</summary>
    VirtioFs,

    /// <summary>virtio-fs served by the VMM itself.</summary>
    InlineVirtioFs,
}
