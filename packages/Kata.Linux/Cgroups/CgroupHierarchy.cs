namespace Kata.Linux.Cgroups;

/// <summary>One mounted cgroup hierarchy.</summary>
/// <param name="MountPoint">Where it is mounted.</param>
/// <param name="Controllers">Its controllers on version 1 (or <c>name=systemd</c>); empty on version 2.</param>
/// <param name="IsUnified">Version 2.</param>
public sealed record CgroupHierarchy(string MountPoint, IReadOnlyList<string> Controllers, bool IsUnified)
{
    /// <summary>The writable hierarchies of this system: one on version 2, several on version 1 and on hybrid systems.</summary>
    public static IReadOnlyList<CgroupHierarchy> ReadAll() => From(MountTable.Read());

    /// <summary>The hierarchies among <paramref name="mounts"/>, each once.</summary>
    public static IReadOnlyList<CgroupHierarchy> From(IReadOnlyList<MountEntry> mounts)
    {
        var hierarchies = new List<CgroupHierarchy>();
        foreach (var mount in mounts)
        {
            if (mount.Type is not ("cgroup" or "cgroup2") || mount.Root != "/" || mount.Options.Split(',').Contains("ro"))
                continue;
            var unified = mount.Type == "cgroup2";
            var controllers = unified ? [] : mount.FileSystemOptions.Split(',').Where(IsController).ToArray();
            if (!hierarchies.Exists(known => known.IsUnified == unified && known.Controllers.SequenceEqual(controllers)))
                hierarchies.Add(new CgroupHierarchy(mount.Target, controllers, unified));
        }

        return hierarchies;
    }

    /// <summary>The path of a process in this hierarchy, from <c>/proc/PID/cgroup</c>; null when it says nothing.</summary>
    public string? PathOf(string procCgroupText)
    {
        // 5:cpu,cpuacct:/path for version 1, 0::/path for version 2.
        foreach (var line in procCgroupText.Split('\n'))
        {
            var parts = line.Split(':', 3);
            if (parts.Length == 3 && (IsUnified ? parts[0] == "0" : parts[1].Split(',').Order().SequenceEqual(Controllers.Order())))
                return parts[2];
        }

        return null;
    }

    private static bool IsController(string option) =>
        option is not ("rw" or "ro" or "xattr" or "noprefix" or "clone_children" or "cpuset_v2_mode")
        && !option.StartsWith("release_agent=", StringComparison.Ordinal);
}
