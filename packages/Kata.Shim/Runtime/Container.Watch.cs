using Kata.Protocols.Agent;
using Kata.Protocols.Containerd.Events;
using Kata.Shim.Agent;

namespace Kata.Shim.Runtime;

/// <content>The ends of processes.</content>
internal sealed partial class Container
{
    private async Task WatchInitAsync()
    {
        var status = await StatusOfEndAsync(_init);
        _init.FinishStreams();
        _ending = true;
        await WaitForExecsAsync();
        await EndGuestSideAsync();
        await _gate.WaitAsync();
        try
        {
            PublishExit(_init, status);
        }
        finally
        {
            _gate.Release();
        }

        _init.ReleaseWaiters();
        await _resources.DisposeAsync();
        if (Kind != ContainerKind.PodContainer)
            await _sandbox.CleanUpAsync();
    }

    private async Task WatchExecAsync(ContainerProcess exec)
    {
        var status = await StatusOfEndAsync(exec);
        exec.FinishStreams();
        // Not under the gate: its start was published before this watch began.
        PublishExit(exec, status);
        exec.ReleaseWaiters();
    }

    private async Task<uint> StatusOfEndAsync(ContainerProcess process)
    {
        try
        {
            return await process.WatchAsync(_sandbox.Agent, _sandbox.Lost) is { } status ? (uint)status : KilledStatus;
        }
        catch (AgentException exception)
        {
            RuntimeLog.ExitUnknown(_logger, exception, process.Description, UnknownStatus);
            return UnknownStatus;
        }
    }

    private void PublishExit(ContainerProcess process, uint status)
    {
        var exit = process.SetExited(status, _clock.GetUtcNow());
        RuntimeLog.Exited(_logger, process.Description, status);
        _events.Publish(new TaskExit
        {
            ContainerId = Id,
            Id = process.ExecId.Length == 0 ? Id : process.ExecId,
            Pid = ProcessId,
            ExitStatus = status,
            ExitedAt = Google.Protobuf.WellKnownTypes.Timestamp.FromDateTimeOffset(exit.At),
        });
    }

    // The kernel kills all other processes of the container with its first one. Their ends are told before its own.
    private async Task WaitForExecsAsync()
    {
        Task all;
        lock (_execs)
            all = Task.WhenAll(_execWatches);
        if (await Task.WhenAny(all, Task.Delay(ExecExitTimeout, _clock)) == all || Kind != ContainerKind.PodContainer)
            return;

        // In a shared VM a process that escaped the kernel's attention would keep its client waiting.
        foreach (var execId in RunningExecs())
            await TrySignalAsync(Process(execId), Linux.Signal.SIGKILL);
        await Task.WhenAny(all, Task.Delay(ExecExitTimeout, _clock));
    }

    // Removing the container in the guest writes its files back; the VM of a single container then has nothing left to do.
    private async Task EndGuestSideAsync()
    {
        if (!_sandbox.Lost.IsCompleted)
        {
            try
            {
                var request = new RemoveContainerRequest { ContainerId = Id, Timeout = RemoveTimeoutSeconds };
                await _sandbox.Agent.RemoveContainerAsync(request, CancellationToken.None);
            }
            catch (AgentException exception)
            {
                RuntimeLog.CleanUpFailed(_logger, exception, $"Removing container {Id} in the guest");
            }
        }

        if (Kind == ContainerKind.PodContainer)
            return;
        await _sandbox.StopAsync($"Container {Id} ended.");
        Task execs;
        lock (_execs)
            execs = Task.WhenAll(_execWatches);
        await execs;
    }
}
