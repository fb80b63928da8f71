namespace Kata.EndToEnd.Tests.Harness;

/// <summary>Everything a container could leave behind on the host, by kind and name.</summary>
internal sealed class HostSnapshot
{
    // What identifies an entry, and what to show of it.
    private readonly Dictionary<string, string> _entries = new(StringComparer.Ordinal);

    public static HostSnapshot Take(TestHost host)
    {
        var snapshot = new HostSnapshot();
        foreach (var process in HostProcess.All(host.Isolation))
        {
            // A process may change its command line, and containerd may have been restarted.
            bool isContainerd = process.Executable == Settings.Find("containerd");
            string identity = isContainerd ? "containerd" : $"{process.Pid} {process.StartTime}";
            snapshot._entries[identity] = $"process: {process.Pid} {process.CommandLine}";
        }

        foreach (string line in File.ReadLines($"/proc/{host.Isolation.InitPid}/mountinfo"))
            snapshot.Add("mount", string.Join(' ', line.Split(' ').Skip(3).Take(2)));
        foreach (string line in File.ReadLines($"/proc/{host.Isolation.InitPid}/net/dev").Skip(2))
            snapshot.Add("network interface", line[..line.IndexOf(':', StringComparison.Ordinal)].Trim());
        snapshot.AddTree($"{host.Isolation.Root}/run", host.IdPrefix);
        snapshot.AddTree($"{host.Isolation.Root}/dev/shm", host.IdPrefix);
        snapshot.AddTree(Path.Combine(host.Containerd.RootDirectory, "io.containerd.runtime.v2.task"), host.IdPrefix);
        foreach (string directory in Directory.EnumerateDirectories("/sys/fs/cgroup", $"*{host.IdPrefix}*", EveryLevel))
            snapshot.Add("cgroup", directory);
        return snapshot;
    }

    /// <summary>What is here now and was not there before.</summary>
    public IReadOnlyList<string> NotIn(HostSnapshot before) =>
        [.. _entries.Where(e => !before._entries.ContainsKey(e.Key)).Select(e => e.Value).Order(StringComparer.Ordinal)];

    private static EnumerationOptions EveryLevel =>
        new() { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.None, IgnoreInaccessible = true };

    private void Add(string kind, string name) => _entries[$"{kind}: {name}"] = $"{kind}: {name}";

    // A directory counts when its path names a container: the first container creates the ones that stay.
    private void AddTree(string root, string idPrefix)
    {
        if (!Directory.Exists(root))
            return;
        foreach (var entry in new DirectoryInfo(root).EnumerateFileSystemInfos("*", EveryLevel))
        {
            string relative = Path.GetRelativePath(root, entry.FullName);
            bool insideRootfs = relative.Contains("/rootfs/", StringComparison.Ordinal);
            if (!insideRootfs && (entry is FileInfo || relative.Contains(idPrefix, StringComparison.Ordinal)))
                Add(entry is FileInfo ? "file" : "directory", $"{Path.GetFileName(root)}/{relative}");
        }
    }
}
