using System.Collections.Concurrent;
using Kata.Guest.Agent.Cgroups;
using Kata.Protocols.Oci;

namespace Kata.Guest.Agent.Containers;

/// <summary>A container that exists: created, running or ended, until it is removed.</summary>
internal sealed class Container : IDisposable
{
    public Container(string id, string bundle, Spec spec, ContainerProcess init, IReadOnlyList<string> mountPoints)
    {
        Id = id;
        Bundle = bundle;
        Spec = spec;
        Init = init;
        MountPoints = mountPoints;
        Cgroup = new ContainerCgroup(ContainerCgroup.Root + GuestSpec.CgroupPath(id));
    }

    public string Id { get; }

    public string Bundle { get; }

    /// <summary>The configuration as it was given to the OCI runtime.</summary>
    public Spec Spec { get; }

    public ContainerProcess Init { get; }

    /// <summary>The processes added by exec, by exec id.</summary>
    public ConcurrentDictionary<string, ContainerProcess> Execs { get; } = new(StringComparer.Ordinal);

    /// <summary>The storages it holds.</summary>
    public IReadOnlyList<string> MountPoints { get; }

    public ContainerCgroup Cgroup { get; }

    /// <summary>Watches for the kernel killing its processes; null when it cannot be watched.</summary>
    public IDisposable? OomWatch { get; set; }

    /// <summary>Held by steps that change it: start, exec, update, removal.</summary>
    public SemaphoreSlim Turn { get; } = new(1, 1);

    public bool IsStarted { get; set; }

    public bool IsRemoved { get; set; }

    public bool HasEnded => Init.Exited.IsCompleted;

    public void Dispose()
    {
        OomWatch?.Dispose();
        foreach (var exec in Execs.Values)
            exec.Dispose();
        Init.Dispose();
    }
}
