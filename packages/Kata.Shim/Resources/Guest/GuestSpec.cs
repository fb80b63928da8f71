using Kata.Protocols.Oci;
using Kata.Shim.Configuration;

namespace Kata.Shim.Resources.Guest;

/// <summary>The container's configuration as the guest gets it: without what the host takes care of or the VM makes pointless.</summary>
internal static class GuestSpec
{
    private const string ContainerType = "io.katacontainers.pkg.oci.container_type";
    private const string BundlePath = "io.katacontainers.pkg.oci.bundle_path";
    private const string InitData = "io.katacontainers.config.hypervisor.cc_init_data";

    /// <summary>Makes the guest's configuration.</summary>
    /// <param name="request">The container.</param>
    /// <param name="rootPath">The root file system in the guest.</param>
    /// <param name="mounts">The mounts in the guest.</param>
    /// <param name="configuration">The sandbox's configuration.</param>
    public static Spec Make(ContainerRequest request, string rootPath, IReadOnlyList<Mount> mounts, KataConfiguration configuration)
    {
        var spec = request.Spec;
        return spec with
        {
            Root = (spec.Root ?? new Root()) with { Path = rootPath },
            Mounts = mounts,
            // The others run on the host.
            Hooks = spec.Hooks is { } hooks ? new Hooks { StartContainer = hooks.StartContainer } : null,
            Annotations = AnnotationsOf(request),
            Process = spec.Process is { } process && !configuration.SharedFs.GuestSelinux ? process with { SelinuxLabel = null } : spec.Process,
            Linux = spec.Linux is { } linux ? LinuxOf(linux, configuration) : null,
        };
    }

    /// <summary>Whether the container shares a pid namespace with its pod.</summary>
    public static bool SharesPidNamespace(Spec spec) =>
        spec.Linux?.Namespaces?.Any(entry => entry is { Type: "pid", Path.Length: > 0 }) == true;

    private static LinuxConfiguration LinuxOf(LinuxConfiguration linux, KataConfiguration configuration) => linux with
    {
        // The VM is the network and time namespace; the agent decides about pid namespaces. Paths are the host's.
        Namespaces = linux.Namespaces?.Where(entry => entry.Type is not ("pid" or "network" or "time")).Select(entry => entry with { Path = null }).ToList(),
        Seccomp = configuration.Runtime.DisableGuestSeccomp ? null : linux.Seccomp,
        MountLabel = configuration.SharedFs.GuestSelinux ? linux.MountLabel : null,
        // CPU numbers and devices are the host's; block io and network limits have nothing to act on in the guest.
        Resources = linux.Resources is { } resources
            ? resources with
            {
                Cpu = resources.Cpu is { } cpu ? cpu with { Cpus = null } : null,
                Devices = null,
                Pids = null,
                BlockIo = null,
                Network = null,
            }
            : null,
    };

    private static Dictionary<string, string> AnnotationsOf(ContainerRequest request)
    {
        var annotations = new Dictionary<string, string>(request.Spec.Annotations ?? new Dictionary<string, string>(), StringComparer.Ordinal);
        annotations.Remove(InitData);
        annotations.TryAdd(ContainerType, TypeOf(annotations));
        annotations.TryAdd(BundlePath, request.Bundle);
        return annotations;
    }

    private static string TypeOf(Dictionary<string, string> annotations)
    {
        foreach (var key in (ReadOnlySpan<string>)["io.kubernetes.cri-o.ContainerType", "io.kubernetes.cri.container-type", "io.kubernetes.docker.type"])
        {
            if (annotations.TryGetValue(key, out var type))
                return type is "sandbox" or "podsandbox" or "pod_sandbox" ? "pod_sandbox" : "pod_container";
        }

        return "single_container";
    }
}
