using System.Collections.Concurrent;
using Grpc.Core;
using Kata.Guest.Agent.Cgroups;
using Kata.Guest.Agent.Devices;
using Kata.Guest.Agent.Logging;
using Kata.Guest.Agent.Storages;
using Kata.Guest.Agent.Streams;
using Kata.Protocols.Agent;
using Kata.Protocols.Oci;
using Microsoft.Extensions.Logging;

namespace Kata.Guest.Agent.Containers;

/// <summary>The pod's containers, from creation to removal.</summary>
internal sealed partial class ContainerManager
{
    private const int SigKill = 9;
    private const int SigTerm = 15;

    private readonly ConcurrentDictionary<string, Container> _containers = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, bool> _reserved = new(StringComparer.Ordinal);
    private readonly OciRuntime _runtime;
    private readonly StorageManager _storages;
    private readonly BlockDevices _disks;
    private readonly ReadinessPoller _poller;
    private readonly OomWatcher _ooms;
    private readonly int _pipeSize;
    private readonly ILogger _log;
    private string? _sharedPidNamespace;

    public ContainerManager(
        OciRuntime runtime, StorageManager storages, BlockDevices disks, ReadinessPoller poller, OomWatcher ooms, int pipeSize, ILogger log)
    {
        _runtime = runtime;
        _storages = storages;
        _disks = disks;
        _poller = poller;
        _ooms = ooms;
        _pipeSize = pipeSize;
        _log = log;
    }

    /// <summary>The pod's namespaces, joined by containers created from now on.</summary>
    public GuestNamespaces Namespaces { get; set; }

    public IReadOnlyCollection<string> Ids => [.. _containers.Keys];

    /// <exception cref="AgentException">NOT_FOUND or INVALID_ARGUMENT.</exception>
    public Container Get(string id)
    {
        Identifiers.CheckContainer(id);
        return _containers.TryGetValue(id, out var container) ? container : throw AgentException.NotFound($"There is no container '{id}'.");
    }

    /// <summary>Makes a container whose init process waits to be started. A failure leaves nothing behind.</summary>
    public async Task CreateAsync(CreateContainerRequest request, CancellationToken cancellationToken)
    {
        var id = Identifiers.CheckContainer(request.ContainerId);
        CheckSupported(request);
        if (!_reserved.TryAdd(id, true))
            throw new AgentException(StatusCode.AlreadyExists, $"The container '{id}' exists already.");

        var undo = new Stack<Func<Task>>();
        undo.Push(() => Task.FromResult(_reserved.TryRemove(id, out _)));
        try
        {
            var bundle = GuestPaths.Bundle(id);
            Directory.CreateDirectory(bundle);
            undo.Push(() => Removed(bundle));
            var mountPoints = await _storages.AddAsync(request.Storages, id, cancellationToken);
            undo.Push(() => _storages.ReleaseAsync(mountPoints));

            var spec = await PrepareAsync(request, id, cancellationToken);
            await File.WriteAllBytesAsync(Path.Combine(bundle, "config.json"), OciJson.Write(spec), cancellationToken);

            undo.Push(() => _runtime.DeleteAsync(id, CancellationToken.None));
            var init = await LaunchAsync(
                spec.Process!.Terminal, stdio => _runtime.CreateAsync(id, bundle, stdio, cancellationToken));
            Publish(new Container(id, bundle, spec, init, mountPoints), request.SandboxPidns);
        }
        catch
        {
            while (undo.TryPop(out var step))
                await TryAsync(step, id);
            throw;
        }
    }

    /// <summary>Lets the init process of a created container run.</summary>
    public Task StartAsync(string id, CancellationToken cancellationToken) => ChangeAsync(id, async container =>
    {
        if (container.IsStarted)
            throw new AgentException(StatusCode.FailedPrecondition, $"The container '{id}' was started already.");
        await _runtime.StartAsync(id, cancellationToken);
        container.IsStarted = true;
    }, cancellationToken);

    /// <summary>Starts another process in a running container.</summary>
    public Task ExecAsync(string id, string execId, Process process, CancellationToken cancellationToken) => ChangeAsync(id, async container =>
    {
        Identifiers.CheckExec(execId);
        if (!container.IsStarted || container.HasEnded)
            throw new AgentException(StatusCode.FailedPrecondition, $"The container '{id}' is not running.");
        if (container.Execs.ContainsKey(execId))
            throw new AgentException(StatusCode.AlreadyExists, $"The container '{id}' has a process '{execId}' already.");

        var file = _runtime.NewStepFile("process");
        try
        {
            process = GuestSpec.Adapt(process) with { Cwd = string.IsNullOrEmpty(process.Cwd) ? "/" : process.Cwd };
            await File.WriteAllBytesAsync(file, OciJson.Write(process), cancellationToken);
            var launched = await LaunchAsync(process.Terminal, stdio => _runtime.ExecAsync(id, file, stdio, cancellationToken));
            container.Execs[execId] = launched;
            _log.ProcessStarted(id, execId, launched.Pid);
        }
        finally
        {
            File.Delete(file);
        }
    }, cancellationToken);

    /// <summary>Changes the limits of a container.</summary>
    public Task UpdateAsync(string id, LinuxResources resources, CancellationToken cancellationToken) => ChangeAsync(id, async container =>
    {
        var file = Path.Combine(container.Bundle, "resources.json");
        await File.WriteAllBytesAsync(file, OciJson.Write(resources with { Devices = null }), cancellationToken);
        await _runtime.UpdateAsync(id, file, cancellationToken);
    }, cancellationToken);

    /// <summary>Stops or continues a container. Not a step like the others: an exec into a frozen container waits until it is thawed.</summary>
    public Task FreezeAsync(string id, bool frozen, CancellationToken cancellationToken) =>
        Get(id).Cgroup.FreezeAsync(frozen, _poller, cancellationToken);

    /// <summary>Kills what runs in a container and removes it with all that was made for it.</summary>
    /// <param name="timeout">How long its init process may take to end.</param>
    /// <exception cref="AgentException">DEADLINE_EXCEEDED when it did not; the container is still there.</exception>
    public async Task RemoveAsync(string id, TimeSpan timeout, CancellationToken cancellationToken)
    {
        var container = Get(id);
        KillAll(container);
        try
        {
            await container.Init.Exited.WaitAsync(timeout, cancellationToken);
        }
        catch (TimeoutException e)
        {
            throw new AgentException(StatusCode.DeadlineExceeded, $"The container '{id}' did not end within {timeout.TotalSeconds} s (ETIME).", e);
        }

        await ChangeAsync(id, async ended =>
        {
            ended.IsRemoved = true;
            _containers.TryRemove(id, out _);
            await TryAsync(() => _runtime.DeleteAsync(id, CancellationToken.None), id);
            ended.Dispose();
            await TryAsync(() => _storages.ReleaseAsync(ended.MountPoints), id);
            await TryAsync(() => Removed(ended.Bundle), id);
            _reserved.TryRemove(id, out _);
        }, cancellationToken);
        _log.ContainerRemoved(id);
    }

    private static void CheckSupported(CreateContainerRequest request)
    {
        if (request.SharedMounts.Count > 0)
            throw AgentException.Unimplemented("This agent does not share mounts between containers.");
        if (request.StdinPort != 0 || request.StdoutPort != 0 || request.StderrPort != 0)
            throw AgentException.Unimplemented("This agent does not carry standard streams over vsock ports of their own.");
    }

    private async Task<Spec> PrepareAsync(CreateContainerRequest request, string id, CancellationToken cancellationToken)
    {
        if (request.OCI is null)
            throw AgentException.Invalid($"The container '{id}' has no configuration.");
        Spec spec;
        try
        {
            spec = request.OCI.ToOci();
        }
        catch (ArgumentException e)
        {
            throw AgentException.Invalid($"The configuration of the container '{id}' is wrong: {e.Message}", e);
        }

        spec = await ContainerDevices.ResolveAsync(spec, request.Devices, _disks, cancellationToken);
        NetworkSysctls.Apply(GuestSpec.NetworkSettings(spec));
        return GuestSpec.Adapt(spec, id, Namespaces with { PidPath = request.SandboxPidns ? _sharedPidNamespace : null });
    }

    private async Task<ContainerProcess> LaunchAsync(bool terminal, Func<ProcessStdio, Task<Kata.Linux.AdoptedProcess>> launch)
    {
        using var stdio = terminal
            ? ProcessStdio.Terminal(_poller, _runtime.StepDirectory)
            : ProcessStdio.Pipes(_poller, _pipeSize);
        var process = await launch(stdio);
        try
        {
            return new ContainerProcess(process, stdio.Connect());
        }
        catch
        {
            process.Kill(SigKill);
            process.Dispose();
            throw;
        }
    }

    private void Publish(Container container, bool sharesPids)
    {
        container.OomWatch = _ooms.Watch(container.Id, container.Cgroup);
        if (sharesPids)
            _sharedPidNamespace ??= $"/proc/{container.Init.Pid}/ns/pid";
        _containers[container.Id] = container;
        _log.ContainerCreated(container.Id, container.Init.Pid);
    }

    private async Task ChangeAsync(string id, Func<Container, Task> change, CancellationToken cancellationToken)
    {
        var container = Get(id);
        await container.Turn.WaitAsync(cancellationToken);
        try
        {
            if (container.IsRemoved)
                throw AgentException.NotFound($"There is no container '{id}'.");
            await change(container);
        }
        finally
        {
            container.Turn.Release();
        }
    }

    private static Task Removed(string bundle)
    {
        Directory.Delete(bundle, recursive: true);
        return Task.CompletedTask;
    }

    /// <summary>A step of a removal: when it fails, the others are done all the same.</summary>
    private async Task TryAsync(Func<Task> step, string id)
    {
        try
        {
            await step();
        }
        catch (Exception e) when (e is IOException or AgentException or UnauthorizedAccessException)
        {
            _log.RemovalStepFailed(id, e);
        }
    }
}
