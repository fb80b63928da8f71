using Kata.Linux;

namespace Kata.Shim.Resources.Rootfs;

/// <summary>fstab-style options, split into the flags of mount(2), propagation, and the data for the file system.</summary>
/// <param name="Flags">Flags of the mount itself.</param>
/// <param name="Propagation">Propagation to set afterwards; None for the default.</param>
/// <param name="Data">The remaining options, comma separated.</param>
/// <param name="Loop">The source is a file to be used as a block device.</param>
internal readonly record struct MountOptions(MountFlags Flags, MountFlags Propagation, string Data, bool Loop)
{
    /// <summary>Whether it is a bind mount.</summary>
    public bool IsBind => (Flags & MountFlags.Bind) != 0;

    /// <summary>Whether nothing can be written.</summary>
    public bool IsReadOnly => (Flags & MountFlags.ReadOnly) != 0;

    /// <summary>Reads options; later ones win.</summary>
    public static MountOptions Parse(IEnumerable<string> options)
    {
        var flags = MountFlags.None;
        var propagation = MountFlags.None;
        var loop = false;
        var data = new List<string>();
        foreach (var option in options)
        {
            if (FlagOf(option) is { } change)
                flags = change.Clear ? flags & ~change.Flag : flags | change.Flag;
            else if (PropagationOf(option) is { } wanted)
                propagation = wanted;
            else if (option == "loop")
                loop = true;
            else if (option is not ("defaults" or "") && !option.StartsWith("X-", StringComparison.Ordinal))
                data.Add(option);
        }

        return new MountOptions(flags, propagation, string.Join(',', data), loop);
    }

    private static (bool Clear, MountFlags Flag)? FlagOf(string option) => option switch
    {
        "ro" => (false, MountFlags.ReadOnly),
        "rw" => (true, MountFlags.ReadOnly),
        "nosuid" => (false, MountFlags.NoSuid),
        "suid" => (true, MountFlags.NoSuid),
        "nodev" => (false, MountFlags.NoDevices),
        "dev" => (true, MountFlags.NoDevices),
        "noexec" => (false, MountFlags.NoExecute),
        "exec" => (true, MountFlags.NoExecute),
        "sync" => (false, MountFlags.Synchronous),
        "async" => (true, MountFlags.Synchronous),
        "dirsync" => (false, MountFlags.DirectorySynchronous),
        "noatime" => (false, MountFlags.NoAccessTime),
        "atime" => (true, MountFlags.NoAccessTime),
        "nodiratime" => (false, MountFlags.NoDirectoryAccessTime),
        "diratime" => (true, MountFlags.NoDirectoryAccessTime),
        "relatime" => (false, MountFlags.RelativeAccessTime),
        "norelatime" => (true, MountFlags.RelativeAccessTime),
        "strictatime" => (false, MountFlags.StrictAccessTime),
        "nostrictatime" => (true, MountFlags.StrictAccessTime),
        "bind" => (false, MountFlags.Bind),
        "rbind" => (false, MountFlags.Bind | MountFlags.Recursive),
        _ => null,
    };

    private static MountFlags? PropagationOf(string option) => option switch
    {
        "private" => MountFlags.Private,
        "rprivate" => MountFlags.Private | MountFlags.Recursive,
        "slave" => MountFlags.Slave,
        "rslave" => MountFlags.Slave | MountFlags.Recursive,
        "shared" => MountFlags.Shared,
        "rshared" => MountFlags.Shared | MountFlags.Recursive,
        "unbindable" => MountFlags.Unbindable,
        "runbindable" => MountFlags.Unbindable | MountFlags.Recursive,
        _ => null,
    };
}
