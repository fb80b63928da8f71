using Kata.Protocols.Agent.Oci;

namespace Kata.Guest.Tests.Agent.Machine;

/// <summary>Configurations as the runtime sends them.</summary>
internal static class Specs
{
    private static readonly string[] Capabilities =
    [
        "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FSETID", "CAP_FOWNER", "CAP_MKNOD", "CAP_NET_RAW", "CAP_SETGID", "CAP_SETUID", "CAP_SETFCAP",
        "CAP_SETPCAP", "CAP_NET_BIND_SERVICE", "CAP_SYS_CHROOT", "CAP_KILL", "CAP_AUDIT_WRITE",
    ];

    public static Spec Container(params string[] args)
    {
        var spec = new Spec
        {
            Version = "1.0.2",
            Hostname = "pod",
            Root = new Root { Path = GuestMachine.SharedInGuest + "/rootfs" },
            Process = Process(args),
            Linux = new Protocols.Agent.Oci.Linux { CgroupsPath = "/k8s.io/whatever", Resources = new LinuxResources { CPU = new LinuxCPU { Shares = 1024 } } },
        };
        foreach (var type in (string[])["mount", "uts", "ipc", "cgroup"])
            spec.Linux.Namespaces.Add(new LinuxNamespace { Type = type });
        spec.Linux.MaskedPaths.Add("/proc/kcore");
        spec.Linux.ReadonlyPaths.Add("/proc/sys");
        Mount(spec, "/proc", "proc", "proc", "nosuid", "noexec", "nodev");
        Mount(spec, "/dev", "tmpfs", "tmpfs", "nosuid", "strictatime", "mode=755", "size=65536k");
        Mount(spec, "/dev/pts", "devpts", "devpts", "nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5");
        Mount(spec, "/dev/shm", "bind", "/run/kata-containers/sandbox/shm", "rbind");
        Mount(spec, "/dev/mqueue", "mqueue", "mqueue", "nosuid", "noexec", "nodev");
        Mount(spec, "/sys", "sysfs", "sysfs", "nosuid", "noexec", "nodev", "ro");
        return spec;
    }

    public static Process Process(params string[] args)
    {
        var process = new Process
        {
            Cwd = "/",
            User = new User(),
            ApparmorProfile = "cri-containerd.apparmor.d",
            NoNewPrivileges = true,
            Capabilities = new LinuxCapabilities(),
        };
        process.Args.AddRange(args);
        process.Env.Add("PATH=/bin");
        process.Capabilities.Bounding.AddRange(Capabilities);
        process.Capabilities.Effective.AddRange(Capabilities);
        process.Capabilities.Permitted.AddRange(Capabilities);
        return process;
    }

    public static void Mount(Spec spec, string destination, string type, string source, params string[] options)
    {
        var mount = new Mount { Destination = destination, Type = type, Source = source };
        mount.Options.AddRange(options);
        spec.Mounts.Add(mount);
    }
}
