using Kata.Abstractions;
using Kata.Protocols.Agent;
using Kata.Protocols.Containerd.Events;
using Kata.Shim.Runtime.Io;

namespace Kata.Shim.Runtime;

/// <content>Execs.</content>
internal sealed partial class Container
{
    private readonly Dictionary<string, Protocols.Oci.Process> _execSpecs = [];

    /// <summary>Reserves an exec id; the process starts with <see cref="StartExecAsync"/>.</summary>
    internal void AddExec(string execId, Protocols.Oci.Process spec, Stdio stdio, ProcessIo io)
    {
        CheckExecAllowed();
        var exec = new ContainerProcess(Id, execId, stdio, io);
        if (spec.ConsoleSize is { } size)
            exec.PendingSize = ((uint)size.Width, (uint)size.Height);
        lock (_execs)
        {
            if (!_execs.TryAdd(execId, exec))
                throw RuntimeErrors.ExecExists(Id, execId);
            _execSpecs[execId] = spec with { Terminal = stdio.Terminal };
        }

        _events.Publish(new TaskExecAdded { ContainerId = Id, ExecId = execId });
    }

    /// <exception cref="KataException">The container cannot take an exec, or has one with this id.</exception>
    internal void CheckExec(string execId)
    {
        CheckExecAllowed();
        lock (_execs)
        {
            if (_execs.ContainsKey(execId))
                throw RuntimeErrors.ExecExists(Id, execId);
        }
    }

    internal async Task StartExecAsync(string execId, CancellationToken cancellationToken)
    {
        var exec = Process(execId);
        var attempted = false;
        await _gate.WaitAsync(cancellationToken);
        try
        {
            if (exec.Status != ProcessStatus.Created)
                throw RuntimeErrors.WrongState("start", exec.Description, exec.Status);
            CheckExecAllowed();
            var request = new ExecProcessRequest { ContainerId = Id, ExecId = execId, Process = SpecOf(execId).ToAgent() };
            // Labels of the host's security modules mean nothing to the guest's kernel.
            request.Process.ApparmorProfile = "";
            request.Process.SelinuxLabel = "";
            attempted = true;
            await _sandbox.Agent.ExecProcessAsync(request, CancellationToken.None);
            exec.SetStatus(ProcessStatus.Running);
            _events.Publish(new TaskExecStarted { ContainerId = Id, ExecId = execId, Pid = ProcessId });
            lock (_execs)
            {
                _execWatches.RemoveAll(watch => watch.IsCompleted);
                _execWatches.Add(WatchExecAsync(exec));
            }

            await BeginInteractionAsync(exec);
        }
        catch when (attempted && exec.Status == ProcessStatus.Created)
        {
            // It will never run: those who wait for it must not wait for ever, and it can be deleted.
            exec.SetExited(UnknownStatus, _clock.GetUtcNow());
            exec.FinishStreams();
            exec.ReleaseWaiters();
            throw;
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>Removes a stopped, or never started, exec.</summary>
    /// <exception cref="KataException">It runs, or there is none.</exception>
    internal async Task<ProcessExit> DeleteExecAsync(string execId)
    {
        var exec = Process(execId);
        await _gate.WaitAsync();
        try
        {
            if (exec.Status is not (ProcessStatus.Created or ProcessStatus.Stopped))
                throw RuntimeErrors.WrongState("delete", $"running {exec.Description}", exec.Status);
            lock (_execs)
            {
                if (!_execs.Remove(execId))
                    throw RuntimeErrors.NoSuchExec(Id, execId);
                _execSpecs.Remove(execId);
            }
        }
        finally
        {
            _gate.Release();
        }

        return await DiscardAsync(exec);
    }

    private async Task<ProcessExit> DiscardAsync(ContainerProcess exec)
    {
        if (exec.Status != ProcessStatus.Stopped)
        {
            exec.SetExited(0, _clock.GetUtcNow());
            exec.ReleaseWaiters();
        }

        await exec.DisposeStreamsAsync();
        return exec.Exit!;
    }

    private List<ContainerProcess> TakeExecs()
    {
        lock (_execs)
        {
            List<ContainerProcess> execs = [.. _execs.Values];
            _execs.Clear();
            _execSpecs.Clear();
            return execs;
        }
    }

    private Protocols.Oci.Process SpecOf(string execId)
    {
        lock (_execs)
            return _execSpecs.TryGetValue(execId, out var spec) ? spec : throw RuntimeErrors.NoSuchExec(Id, execId);
    }

    private void CheckExecAllowed()
    {
        if (_init.Status == ProcessStatus.Stopped)
            throw RuntimeErrors.InitNotRunning(Id);
        if (_init.Status is ProcessStatus.Paused or ProcessStatus.Pausing)
            throw RuntimeErrors.WrongState("exec in", _init.Description, _init.Status);
        ThrowIfLost();
    }
}
