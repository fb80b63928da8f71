using System.Diagnostics.CodeAnalysis;
using Kata.Abstractions;
using Kata.Protocols.Agent;
using Kata.Protocols.Containerd.Events;
using Kata.Shim.Agent;
using Kata.Shim.Resources;
using Kata.Shim.Resources.HostHooks;
using Kata.Shim.Runtime.Io;
using Microsoft.Extensions.Logging;

namespace Kata.Shim.Runtime;

/// <summary>
/// A container in a sandbox: its first process, its execs, and its part of the host's resources. Requests and the ends of processes are
/// serialised, so that every process has exactly one exit, after its start.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "A SemaphoreSlim whose wait handle nobody asks for holds nothing.")]
internal sealed partial class Container
{
    private const uint RemoveTimeoutSeconds = 10;
    private const uint UnknownStatus = 255;
    private const uint KilledStatus = 137;

    /// <summary>Execs die with the first process; the guest gets this long to say so.</summary>
    private static readonly TimeSpan ExecExitTimeout = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan KillTimeout = TimeSpan.FromSeconds(5);

    private readonly ContainerRequest _request;
    private readonly Sandbox _sandbox;
    private readonly ContainerResources _resources;
    private readonly ContainerProcess _init;
    private readonly Dictionary<string, ContainerProcess> _execs = [];
    private readonly List<Task> _execWatches = [];
    private readonly SemaphoreSlim _gate = new(1, 1);
    private readonly ITaskEvents _events;
    private readonly ILogger _logger;
    private readonly TimeProvider _clock;
    private Task _watch = Task.CompletedTask;
    private bool _ending;

    internal Container(
        ContainerRequest request, Stdio stdio, ContainerKind kind, Sandbox sandbox, ContainerResources resources, ProcessIo io, ITaskEvents events, ILogger logger, TimeProvider clock)
    {
        _request = request;
        Kind = kind;
        _sandbox = sandbox;
        _resources = resources;
        _init = new ContainerProcess(Id, "", stdio, io);
        (_events, _logger, _clock) = (events, logger, clock);
    }

    internal string Id => _request.Id;

    internal string Bundle => _request.Bundle;

    internal ContainerKind Kind { get; }

    /// <summary>The pid reported for all its processes: the VM's, which lives exactly as long as they can.</summary>
    internal uint ProcessId => (uint)_sandbox.VmProcessId;

    /// <summary>Begins to watch the created process: it may be killed before it is started.</summary>
    internal void BeginWatch() => _watch = WatchInitAsync();

    /// <summary>A process by its exec id; the first one for an empty id.</summary>
    /// <exception cref="KataException">There is no such exec.</exception>
    internal ContainerProcess Process(string execId)
    {
        if (execId.Length == 0)
            return _init;
        lock (_execs)
            return _execs.TryGetValue(execId, out var exec) ? exec : throw RuntimeErrors.NoSuchExec(Id, execId);
    }

    /// <summary>The status to report for a process: execs of a frozen container are frozen.</summary>
    internal ProcessStatus StatusOf(ContainerProcess process) =>
        process != _init && process.Status == ProcessStatus.Running && _init.Status is ProcessStatus.Paused or ProcessStatus.Pausing
            ? _init.Status
            : process.Status;

    /// <summary>The exec ids of all running execs.</summary>
    internal List<string> RunningExecs()
    {
        var running = new List<string>();
        lock (_execs)
        {
            foreach (var exec in _execs.Values)
            {
                if (exec.Status == ProcessStatus.Running)
                    running.Add(exec.ExecId);
            }
        }

        return running;
    }

    internal async Task StartAsync(CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken);
        try
        {
            if (_init.Status != ProcessStatus.Created)
                throw RuntimeErrors.WrongState("start", _init.Description, _init.Status);
            ThrowIfLost();
            try
            {
                await _sandbox.Agent.StartContainerAsync(new StartContainerRequest { ContainerId = Id }, CancellationToken.None);
            }
            catch (AgentException)
            {
                // The client will want to delete it, which needs an end.
                await TrySignalAsync(_init, Linux.Signal.SIGKILL);
                throw;
            }

            _init.SetStatus(ProcessStatus.Running);
            _events.Publish(new TaskStart { ContainerId = Id, Pid = ProcessId });
            RuntimeLog.ContainerStarted(_logger, Id);
            await BeginInteractionAsync(_init);
            await _sandbox.RunHooksAsync(HookStage.Poststart, _request);
        }
        finally
        {
            _gate.Release();
        }
    }

    internal async Task KillAsync(string execId, uint signal, bool all)
    {
        const uint HighestSignal = 64;
        if (signal is 0 or > HighestSignal)
            throw RuntimeErrors.Invalid($"signal {signal}: not a signal");
        var process = Process(all ? "" : execId);
        if (process.Status == ProcessStatus.Stopped)
            throw RuntimeErrors.ProcessFinished();
        if (process != _init && process.Status == ProcessStatus.Created)
            throw RuntimeErrors.WrongState("signal", process.Description, process.Status);
        if (_sandbox.Lost.IsCompleted)
            throw RuntimeErrors.ProcessFinished();
        try
        {
            var request = new SignalProcessRequest { ContainerId = Id, ExecId = process.ExecId, Signal = signal };
            await _sandbox.Agent.SignalProcessAsync(request, CancellationToken.None);
        }
        catch (AgentException exception) when (exception.IsConnectionLost || IsGone(exception))
        {
            throw RuntimeErrors.ProcessFinished();
        }

        if (signal == (uint)Linux.Signal.SIGKILL)
            process.NoteKilled();
    }

    internal async Task PauseAsync()
    {
        await _gate.WaitAsync();
        try
        {
            if (_init.Status != ProcessStatus.Running)
                throw RuntimeErrors.WrongState("pause", _init.Description, _init.Status);
            _init.SetStatus(ProcessStatus.Pausing);
            try
            {
                await _sandbox.Agent.PauseContainerAsync(new PauseContainerRequest { ContainerId = Id }, CancellationToken.None);
            }
            catch
            {
                _init.SetStatus(ProcessStatus.Running);
                throw;
            }

            _init.SetStatus(ProcessStatus.Paused);
            _events.Publish(new TaskPaused { ContainerId = Id });
        }
        finally
        {
            _gate.Release();
        }
    }

    internal async Task ResumeAsync()
    {
        await _gate.WaitAsync();
        try
        {
            if (_init.Status != ProcessStatus.Paused)
                throw RuntimeErrors.WrongState("resume", _init.Description, _init.Status);
            await _sandbox.Agent.ResumeContainerAsync(new ResumeContainerRequest { ContainerId = Id }, CancellationToken.None);
            _init.SetStatus(ProcessStatus.Running);
            _events.Publish(new TaskResumed { ContainerId = Id });
        }
        finally
        {
            _gate.Release();
        }
    }

    internal async Task UpdateAsync(Protocols.Oci.LinuxResources resources)
    {
        if (_init.Status == ProcessStatus.Stopped)
            throw RuntimeErrors.WrongState("update", _init.Description, _init.Status);
        var request = new UpdateContainerRequest { ContainerId = Id, Resources = resources.ToAgent() };
        await _sandbox.Agent.UpdateContainerAsync(request, CancellationToken.None);
    }

    internal async Task<StatsContainerResponse> StatsAsync()
    {
        if (_init.Status == ProcessStatus.Stopped)
            throw RuntimeErrors.NoSuchContainer(Id);
        return await _sandbox.Agent.StatsContainerAsync(new StatsContainerRequest { ContainerId = Id }, CancellationToken.None);
    }

    internal async Task ResizeAsync(string execId, uint columns, uint rows)
    {
        var process = Process(execId);
        if (!process.Stdio.Terminal || process.Status == ProcessStatus.Stopped)
            return;
        if (process.Status == ProcessStatus.Created)
        {
            process.PendingSize = (columns, rows);
            return;
        }

        await ResizeTerminalAsync(process, columns, rows);
    }

    /// <summary>Removes the stopped, or never started, container.</summary>
    /// <exception cref="KataException">It runs.</exception>
    internal async Task<ProcessExit> DeleteAsync()
    {
        if (_init.Status == ProcessStatus.Created)
        {
            await TrySignalAsync(_init, Linux.Signal.SIGKILL);
            if (await Task.WhenAny(_init.Exited, Task.Delay(KillTimeout, _clock)) != _init.Exited)
            {
                if (Kind == ContainerKind.PodContainer)
                    throw new KataException(KataErrorKind.Timeout, $"The guest did not end {_init.Description} within {KillTimeout.TotalSeconds} s.");
                await _sandbox.StopAsync($"Container {Id} was deleted before it was started.");
            }
        }
        else if (_init.Status != ProcessStatus.Stopped)
        {
            throw RuntimeErrors.WrongState("delete", $"running {_init.Description}", _init.Status);
        }

        var exit = await _init.Exited;
        await _watch;
        foreach (var exec in TakeExecs())
            await DiscardAsync(exec);
        await _init.DisposeStreamsAsync();
        await _resources.DisposeAsync();
        await _sandbox.RunHooksAsync(HookStage.Poststop, _request);
        return exit;
    }

    private static bool IsGone(AgentException exception) =>
        exception.Kind == KataErrorKind.NotFound
        || exception.Message.Contains("no such process", StringComparison.OrdinalIgnoreCase)
        || exception.Message.Contains("not found", StringComparison.OrdinalIgnoreCase)
        || exception.Message.Contains("ESRCH", StringComparison.Ordinal);

    private void ThrowIfLost()
    {
        if (_sandbox.Lost.IsCompleted || _ending)
            throw RuntimeErrors.InitNotRunning(Id);
    }

    private async Task BeginInteractionAsync(ContainerProcess process)
    {
        if (process.PendingSize is var (columns, rows))
        {
            try
            {
                await ResizeTerminalAsync(process, columns, rows);
            }
            catch (AgentException)
            {
                // The process ended already: the size no longer matters.
            }
        }

        _ = process.CopyInputAsync(_sandbox.Agent);
    }

    private async Task ResizeTerminalAsync(ContainerProcess process, uint columns, uint rows)
    {
        var request = new TtyWinResizeRequest { ContainerId = Id, ExecId = process.ExecId, Column = columns, Row = rows };
        await _sandbox.Agent.TtyWinResizeAsync(request, CancellationToken.None);
    }

    private async Task TrySignalAsync(ContainerProcess process, Linux.Signal signal)
    {
        try
        {
            var request = new SignalProcessRequest { ContainerId = Id, ExecId = process.ExecId, Signal = (uint)signal };
            await _sandbox.Agent.SignalProcessAsync(request, CancellationToken.None);
            process.NoteKilled();
        }
        catch (AgentException)
        {
            // Gone already, or lost with the sandbox.
        }
    }
}
