using Kata.Guest.Agent.Logging;

namespace Kata.Guest.Agent.Containers;

internal sealed partial class ContainerManager
{
    /// <summary>How long what a process wrote can be read after its exit code was taken.</summary>
    private static readonly TimeSpan _outputLifetime = TimeSpan.FromSeconds(30);

    /// <summary>The init process of a container, or with an exec id one that was added.</summary>
    /// <exception cref="AgentException">NOT_FOUND.</exception>
    public ContainerProcess Process(string id, string execId)
    {
        var container = Get(id);
        if (execId.Length == 0 || execId == id)
            return container.Init;
        return container.Execs.TryGetValue(execId, out var process)
            ? process
            : throw AgentException.NotFound($"The container '{id}' has no process '{execId}'.");
    }

    /// <summary>Waits for a process to end. The record of an added process goes when its exit code was taken and its output read.</summary>
    /// <returns>Its exit code, or 128 + the signal that killed it.</returns>
    public async Task<int> WaitAsync(string id, string execId, CancellationToken cancellationToken)
    {
        var process = Process(id, execId);
        var status = await process.Exited.WaitAsync(cancellationToken);
        if (_containers.TryGetValue(id, out var container) && process != container.Init)
            _ = ForgetAsync(container, execId, process);
        _log.ProcessEnded(id, execId, status);
        return status;
    }

    /// <summary>Sends a signal to a process, or SIGKILL to all of the container's.</summary>
    public void Signal(string id, string execId, int signal)
    {
        var process = Process(id, execId);
        var container = Get(id);
        if (process != container.Init)
            process.Signal(signal);
        else if (signal == SigKill)
            KillAll(container);
        // As the first process of its pid namespace it would not even notice.
        else if (signal == SigTerm && !HandlesTerminate(process))
            process.Signal(SigKill);
        else
            process.Signal(signal);
    }

    private static bool HandlesTerminate(ContainerProcess process)
    {
        try
        {
            return process.Handles(SigTerm);
        }
        catch (IOException)
        {
            // It has ended.
            return true;
        }
    }

    private static void KillAll(Container container)
    {
        if (!container.Cgroup.TryKillAll())
            container.Init.Signal(SigKill);
    }

    private static async Task ForgetAsync(Container container, string execId, ContainerProcess process)
    {
        await Task.WhenAny(process.Streams.Drained, Task.Delay(_outputLifetime));
        if (container.Execs.TryRemove(KeyValuePair.Create(execId, process)))
            process.Dispose();
    }
}
