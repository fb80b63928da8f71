using Kata.Protocols.Oci;

namespace Kata.Guest.Agent.Containers;

/// <summary>
/// Turns the configuration the host sends into one for this guest: its namespaces, its cgroup, and nothing that the guest does not have.
/// </summary>
internal static class GuestSpec
{
    private const string DefaultVersion = "1.0.2";
    private const string NetworkSysctls = "net.";

    /// <summary>With these crun changes what it does, e.g. writes hooks' output to a file.</summary>
    private const string CrunAnnotations = "run.oci.";

    /// <summary>Where the containers' cgroups are, below the cgroup root.</summary>
    public const string CgroupParent = "/kata";

    public static string CgroupPath(string containerId) => $"{CgroupParent}/{containerId}";

    /// <exception cref="AgentException">The configuration cannot be run here.</exception>
    public static Spec Adapt(Spec spec, string containerId, GuestNamespaces namespaces)
    {
        var linux = spec.Linux ?? new LinuxConfiguration();
        var joined = Join(linux.Namespaces ?? [], namespaces);
        var hasUts = joined.Exists(n => n.Type == "uts");
        return spec with
        {
            OciVersion = string.IsNullOrEmpty(spec.OciVersion) ? DefaultVersion : spec.OciVersion,
            Root = (spec.Root ?? new Root()) with { Path = RootPath(spec.Root?.Path) },
            Process = spec.Process is { } process ? Adapt(process) : throw AgentException.Invalid("The configuration has no process."),
            // Without a UTS namespace of its own a container has the guest's name.
            Hostname = hasUts ? spec.Hostname : null,
            Domainname = hasUts ? spec.Domainname : null,
            Annotations = spec.Annotations?.Where(note => !note.Key.StartsWith(CrunAnnotations, StringComparison.Ordinal))
                .ToDictionary(note => note.Key, note => note.Value),
            // The host has run its own hooks; these are for the inside.
            Hooks = spec.Hooks?.StartContainer is { Count: > 0 } start ? new Hooks { StartContainer = start } : null,
            Linux = linux with
            {
                Namespaces = joined,
                CgroupsPath = CgroupPath(containerId),
                Resources = (linux.Resources ?? new LinuxResources()) with { Devices = DeviceRules(linux) },
                Sysctl = WithoutNetwork(linux.Sysctl),
                MountLabel = null,
            },
        };
    }

    /// <summary>Leaves out what refers to the host's security modules: their profiles are not in the guest.</summary>
    public static Process Adapt(Process process) => process with { ApparmorProfile = null, SelinuxLabel = null };

    /// <summary>
    /// The network sysctls of a container. The network namespace is the guest's, not the container's, so the agent sets them and the
    /// OCI runtime, which would refuse them, does not.
    /// </summary>
    public static IEnumerable<KeyValuePair<string, string>> NetworkSettings(Spec spec) =>
        (spec.Linux?.Sysctl ?? new Dictionary<string, string>()).Where(setting => IsNetwork(setting.Key));

    private static Dictionary<string, string>? WithoutNetwork(IReadOnlyDictionary<string, string>? settings) =>
        settings?.Where(setting => !IsNetwork(setting.Key)).ToDictionary(setting => setting.Key, setting => setting.Value);

    private static bool IsNetwork(string key) => key.StartsWith(NetworkSysctls, StringComparison.Ordinal);

    private static string RootPath(string? path)
    {
        if (path is null || !GuestFiles.IsBelow(path, GuestPaths.Base))
            throw AgentException.Invalid($"The root path '{path}' is not below {GuestPaths.Base}.");
        return path;
    }

    /// <summary>
    /// Mount and pid namespaces are the container's own, ipc and uts namespaces the pod's, and the network namespace is the guest's.
    /// Paths from the host mean nothing here.
    /// </summary>
    private static List<LinuxNamespace> Join(IReadOnlyList<LinuxNamespace> wanted, GuestNamespaces namespaces)
    {
        var joined = new List<LinuxNamespace>
        {
            new() { Type = "mount" },
            new() { Type = "pid", Path = namespaces.PidPath },
        };
        foreach (var type in wanted.Select(n => n.Type).Distinct())
        {
            switch (type)
            {
                case "ipc":
                    joined.Add(new LinuxNamespace { Type = type, Path = namespaces.IpcPath });
                    break;
                case "uts":
                    joined.Add(new LinuxNamespace { Type = type, Path = namespaces.UtsPath });
                    break;
                case "cgroup" or "user":
                    joined.Add(new LinuxNamespace { Type = type });
                    break;
            }
        }

        return joined;
    }

    /// <summary>
    /// The runtime clears the host's rules. A container may use the devices it was given and, which crun adds, those every container
    /// has; never the guest's disks by making nodes for them.
    /// </summary>
    private static List<LinuxDeviceCgroup> DeviceRules(LinuxConfiguration linux)
    {
        var rules = new List<LinuxDeviceCgroup> { new() { Allow = false, Access = "rwm" } };
        rules.AddRange(linux.Resources?.Devices?.Where(rule => rule.Allow) ?? []);
        foreach (var device in linux.Devices ?? [])
        {
            if (device.Type is "b" or "c" or "u")
            {
                rules.Add(new LinuxDeviceCgroup
                {
                    Allow = true,
                    Type = device.Type == "b" ? "b" : "c",
                    Major = device.Major,
                    Minor = device.Minor,
                    Access = "rwm",
                });
            }
        }

        return rules;
    }
}
