using Kata.Guest.Agent.Cgroups;
using Kata.Guest.Agent.Logging;
using Kata.Guest.Agent.Network;
using Kata.Linux;
using Microsoft.Extensions.Logging;

namespace Kata.Guest.Agent.Boot;

/// <summary>Makes a system of what the kernel leaves to PID 1.</summary>
internal static class GuestSystem
{
    private const string RootMount = "/mnt";

    /// <summary>The kernel's own most, fs.nr_open.</summary>
    private const ulong DescriptorLimit = 1048576;

    /// <summary>What has to be there before anything else can be: the root, <c>/proc</c>, <c>/sys</c>, <c>/dev</c>.</summary>
    public static void MountFirst()
    {
        // pivot_root(2) refuses a root that is the initial ramfs itself, and the OCI runtime needs it to lock containers in. A bind mount
        // of the same files over it is a mount like any other, and takes no memory.
        MountPoint.Bind("/", RootMount);
        RootDirectory.Replace(RootMount);

        const MountFlags plain = MountFlags.NoSuid | MountFlags.NoDevices | MountFlags.NoExecute;
        MountPoint.Mount("proc", "/proc", "proc", plain);
        MountPoint.Mount("sysfs", "/sys", "sysfs", plain);
        MountPoint.Mount("devtmpfs", "/dev", "devtmpfs", MountFlags.NoSuid, "mode=0755");
        // Containers get what the agent has; the kernel's 4096 are too few for servers.
        CurrentProcess.SetDescriptorLimit(DescriptorLimit);
        // Without it the kernel drops all but ten records in five seconds.
        File.WriteAllText("/proc/sys/kernel/printk_devkmsg", "on\n");
    }

    /// <summary>Everything else that containers need. What fails is logged: the container that needs it will say so again.</summary>
    public static void MountRest(ILogger log)
    {
        const MountFlags memory = MountFlags.NoSuid | MountFlags.NoDevices;
        Try(log, "/run", () => MountPoint.Mount("tmpfs", "/run", "tmpfs", memory, "mode=0755"));
        Try(log, "/tmp", () => MountPoint.Mount("tmpfs", "/tmp", "tmpfs", memory, "mode=1777"));
        Try(log, "/dev/pts", () => Make("devpts", "/dev/pts", MountFlags.NoSuid | MountFlags.NoExecute, "gid=5,mode=0620,ptmxmode=0666"));
        Try(log, "/dev/shm", () => Make("tmpfs", "/dev/shm", memory | MountFlags.NoExecute, "mode=1777"));
        Try(log, "cgroup", MountCgroups);
        Try(log, "links", () =>
        {
            foreach (var (path, target) in new[] { ("fd", "fd"), ("stdin", "fd/0"), ("stdout", "fd/1"), ("stderr", "fd/2") })
            {
                if (!File.Exists($"/dev/{path}"))
                    File.CreateSymbolicLink($"/dev/{path}", $"/proc/self/{target}");
            }
        });
        Try(log, "loopback", GuestNetwork.EnableLoopback);
        Try(log, "memory", OnlineNewMemory);
    }

    /// <summary>Milliseconds since the kernel started.</summary>
    public static long UptimeMilliseconds => Environment.TickCount64;

    private static void MountCgroups()
    {
        MountPoint.Mount(
            "cgroup2", ContainerCgroup.Root, "cgroup2", MountFlags.NoSuid | MountFlags.NoDevices | MountFlags.NoExecute | MountFlags.RelativeAccessTime,
            "nsdelegate,memory_recursiveprot");
        var controllers = File.ReadAllText($"{ContainerCgroup.Root}/cgroup.controllers").Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        var enable = string.Join(' ', controllers.Select(name => "+" + name));
        var parent = Directory.CreateDirectory(ContainerCgroup.Root + Containers.GuestSpec.CgroupParent).FullName;
        File.WriteAllText($"{ContainerCgroup.Root}/cgroup.subtree_control", enable);
        File.WriteAllText($"{parent}/cgroup.subtree_control", enable);
    }

    /// <summary>Memory that is plugged in is used without being asked for block by block.</summary>
    private static void OnlineNewMemory()
    {
        const string switchFile = "/sys/devices/system/memory/auto_online_blocks";
        if (File.Exists(switchFile))
            File.WriteAllText(switchFile, "online");
    }

    private static void Make(string type, string target, MountFlags flags, string data)
    {
        Directory.CreateDirectory(target);
        MountPoint.Mount(type, target, type, flags, data);
    }

    private static void Try(ILogger log, string step, Action action)
    {
        try
        {
            action();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            log.BootStepFailed(step, e);
        }
    }
}
