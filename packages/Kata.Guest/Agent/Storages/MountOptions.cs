using Kata.Linux;

namespace Kata.Guest.Agent.Storages;

/// <summary>fstab-style options, split into what mount(2) has flags for and what the file system reads itself.</summary>
/// <param name="Flags">The flags.</param>
/// <param name="Propagation">A change of propagation to make after mounting; none mostly.</param>
/// <param name="Data">The rest, comma separated; null for nothing.</param>
internal readonly record struct MountOptions(MountFlags Flags, MountFlags Propagation, string? Data)
{
    /// <summary>mount(2) takes one page, the terminator included.</summary>
    private const int LongestData = 4095;

    /// <exception cref="AgentException">INVALID_ARGUMENT when there are too many options.</exception>
    public static MountOptions Parse(IEnumerable<string> options)
    {
        var flags = MountFlags.None;
        var propagation = MountFlags.None;
        var data = new List<string>();
        foreach (var option in options)
        {
            if (option.Length == 0 || option == "defaults" || IsForTools(option))
                continue;
            if (FlagOf(option) is { } set)
                flags |= set;
            else if (ClearedBy(option) is { } cleared)
                flags &= ~cleared;
            else if (PropagationOf(option) is { } change)
                propagation |= change;
            else
                data.Add(option);
        }

        var text = string.Join(',', data);
        if (text.Length > LongestData)
            throw AgentException.Invalid($"The mount options have {text.Length} characters; a mount takes {LongestData}.");
        return new MountOptions(flags, propagation, text.Length == 0 ? null : text);
    }

    /// <summary>Options that mount programs and the runtime leave for each other, such as <c>X-kata.multi-layer=true</c>.</summary>
    private static bool IsForTools(string option) =>
        option.StartsWith("x-", StringComparison.OrdinalIgnoreCase) || option.StartsWith("io.katacontainers.", StringComparison.Ordinal);

    private static MountFlags? FlagOf(string option) => option switch
    {
        "ro" => MountFlags.ReadOnly,
        "nosuid" => MountFlags.NoSuid,
        "nodev" => MountFlags.NoDevices,
        "noexec" => MountFlags.NoExecute,
        "sync" => MountFlags.Synchronous,
        "dirsync" => MountFlags.DirectorySynchronous,
        "mand" => MountFlags.MandatoryLock,
        "noatime" => MountFlags.NoAccessTime,
        "nodiratime" => MountFlags.NoDirectoryAccessTime,
        "relatime" => MountFlags.RelativeAccessTime,
        "strictatime" => MountFlags.StrictAccessTime,
        "lazytime" => MountFlags.LazyTime,
        "nosymfollow" => MountFlags.NoSymlinkFollow,
        "bind" => MountFlags.Bind,
        "rbind" => MountFlags.Bind | MountFlags.Recursive,
        _ => null,
    };

    private static MountFlags? ClearedBy(string option) => option switch
    {
        "rw" => MountFlags.ReadOnly,
        "suid" => MountFlags.NoSuid,
        "dev" => MountFlags.NoDevices,
        "exec" => MountFlags.NoExecute,
        "async" => MountFlags.Synchronous,
        "atime" => MountFlags.NoAccessTime,
        "diratime" => MountFlags.NoDirectoryAccessTime,
        "norelatime" => MountFlags.RelativeAccessTime,
        "nostrictatime" => MountFlags.StrictAccessTime,
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
