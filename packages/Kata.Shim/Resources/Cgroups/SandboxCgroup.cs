using Kata.Linux;
using Kata.Linux.Cgroups;
using Microsoft.Extensions.Logging;

namespace Kata.Shim.Resources.Cgroups;

/// <summary>
/// The cgroup of a sandbox. This process joins it, so that every process it starts is born there; it leaves again before the cgroup is
/// removed.
/// </summary>
internal sealed class SandboxCgroup
{
    private const int RemoveAttempts = 50;

    private static readonly TimeSpan RemovePause = TimeSpan.FromMilliseconds(10);

    private readonly ResourceJournal _journal;
    private readonly List<(CgroupHierarchy Hierarchy, string? Home)> _memberships = [];

    private SandboxCgroup(ResourceJournal journal) => _journal = journal;

    /// <summary>The cgroup's directories that the VMM must join itself; empty when it is born in them.</summary>
    public IReadOnlyList<string> PathsToJoin { get; private set; } = [];

    /// <summary>Makes and joins the cgroup in every hierarchy. Takes a few milliseconds: the kernel waits for all CPUs.</summary>
    /// <param name="path">Its path, from <see cref="CgroupPath"/>.</param>
    /// <param name="overheadPath">A second cgroup, which this process joins instead; null for none.</param>
    /// <param name="journal">Learns of directories before they are made.</param>
    /// <exception cref="IOException">A hierarchy refused; what was joined and made is undone.</exception>
    public static SandboxCgroup Join(string path, string? overheadPath, ResourceJournal journal)
    {
        var cgroup = new SandboxCgroup(journal);
        var hierarchies = CgroupHierarchy.ReadAll();
        string[] paths = overheadPath is null ? [path] : [path, overheadPath];
        // One that exists already has another owner, who may keep other things in it.
        var own = (from hierarchy in hierarchies from wanted in paths select $"{hierarchy.MountPoint}/{wanted}")
            .Where(directory => !Directory.Exists(directory)).ToList();
        var parents = (from hierarchy in hierarchies from wanted in paths where HasDisposableParent(wanted) select $"{hierarchy.MountPoint}/{Path.GetDirectoryName(wanted)}").ToList();
        journal.Record(state => state with { Cgroups = own, CgroupParents = parents });
        try
        {
            var home = File.ReadAllText("/proc/self/cgroup");
            var toJoin = new List<string>();
            foreach (var hierarchy in hierarchies)
            {
                var directory = Cgroup.Create(hierarchy, path);
                if (overheadPath is not null)
                {
                    toJoin.Add(directory);
                    directory = Cgroup.Create(hierarchy, overheadPath);
                }

                cgroup._memberships.Add((hierarchy, hierarchy.PathOf(home)));
                Cgroup.AddProcess(directory, Environment.ProcessId);
            }

            cgroup.PathsToJoin = toJoin;
            return cgroup;
        }
        catch
        {
            cgroup.Leave();
            foreach (var directory in own.Concat(parents))
                Cgroup.TryRemove(directory);
            throw;
        }
    }

    /// <summary>Leaves and removes the cgroup.</summary>
    public async ValueTask DisposeAsync(ILogger logger)
    {
        Leave();
        await RemoveAsync(_journal.State, logger, CancellationToken.None).ConfigureAwait(false);
        _journal.Forget(state => state with { Cgroups = [], CgroupParents = [] });
    }

    /// <summary>Removes the cgroups of a state; what still runs in them is killed.</summary>
    public static async ValueTask RemoveAsync(SandboxResourceState state, ILogger logger, CancellationToken cancellationToken)
    {
        foreach (var directory in state.Cgroups)
        {
            for (var attempt = 1; !Cgroup.TryRemove(directory) && attempt < RemoveAttempts; attempt++)
            {
                var processes = Cgroup.ProcessesOf(directory).Where(process => process > 0 && process != Environment.ProcessId).ToList();
                if (attempt == 1 && processes.Count > 0)
                    ResourcesLog.LeftoverProcesses(logger, processes.Count, directory);
                processes.ForEach(process => ProcessTable.SendSignal(process, Signal.SIGKILL));
                await Task.Delay(RemovePause, cancellationToken).ConfigureAwait(false);
            }
        }

        // They stay while other sandboxes are in them; the last one takes them away.
        foreach (var directory in state.CgroupParents)
            Cgroup.TryRemove(directory);
    }

    /// <summary>
    /// Whether the parent is only a namespace of containerd or the like, which every runtime makes when it needs it. Deeper trees belong
    /// to whoever manages pods.
    /// </summary>
    private static bool HasDisposableParent(string path) =>
        path.Split('/') is [var parent, _] && !parent.EndsWith(".slice", StringComparison.Ordinal) && !parent.StartsWith("kubepods", StringComparison.Ordinal);

    private void Leave()
    {
        foreach (var (hierarchy, home) in _memberships)
        {
            // Where this process came from may be gone; the root always takes it.
            if (!TryMove($"{hierarchy.MountPoint}{home}"))
                TryMove(hierarchy.MountPoint);
        }

        _memberships.Clear();
    }

    private static bool TryMove(string directory)
    {
        try
        {
            Cgroup.AddProcess(directory, Environment.ProcessId);
            return true;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
