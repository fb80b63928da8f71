namespace Kata.Shim.Hosting;

/// <summary>The cgroup that the runtime options ask the daemon to run in (<c>shim_cgroup</c>).</summary>
internal static class ShimCgroup
{
    internal const string Root = "/sys/fs/cgroup";

    /// <summary>Moves this process, and with it the daemon it is about to start, into an existing cgroup.</summary>
    /// <exception cref="CommandLineException">No hierarchy has such a cgroup.</exception>
    internal static void Join(string cgroup, string root = Root)
    {
        var relative = cgroup.Trim('/');
        if (relative.Split('/') is var parts && (relative.Length == 0 || parts.Contains("..")))
            throw new CommandLineException($"shim_cgroup: \"{cgroup}\" is not the path of a cgroup.");
        var joined = 0;
        foreach (var directory in Hierarchies(root))
        {
            var processes = Path.Combine(directory, relative, "cgroup.procs");
            if (!File.Exists(processes))
                continue;
            File.WriteAllText(processes, "0");
            joined++;
        }

        if (joined == 0)
            throw new CommandLineException($"shim_cgroup: there is no cgroup {relative} below {root}; create it first.");
    }

    // cgroup v2 has one hierarchy at the root; v1 has a directory per controller, some of them links to another.
    private static List<string> Hierarchies(string root)
    {
        if (File.Exists(Path.Combine(root, "cgroup.procs")))
            return [root];
        var directories = new List<string>();
        foreach (var directory in new DirectoryInfo(root).EnumerateDirectories())
        {
            if (directory.LinkTarget is null)
                directories.Add(directory.FullName);
        }

        return directories;
    }
}
