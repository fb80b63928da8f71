using System.Diagnostics.CodeAnalysis;
using Kata.Abstractions;
using Kata.Protocols.Agent;
using Kata.Protocols.Containerd.Events;
using Kata.Protocols.Oci;
using Kata.Shim.Hosting;
using Kata.Shim.Persistence;
using Kata.Shim.Resources;
using Kata.Shim.Resources.HostHooks;
using Kata.Shim.Runtime.Io;
using Microsoft.Extensions.Logging;

namespace Kata.Shim.Runtime;

/// <summary>The containers of the one sandbox that this process serves.</summary>
[SuppressMessage("Design", "CA1001", Justification = "A SemaphoreSlim whose wait handle nobody asks for holds nothing.")]
internal sealed class TaskManager
{
    private const int MaxSpecSize = 16 * 1024 * 1024;

    private readonly Lock _gate = new();
    private readonly Dictionary<string, Container> _containers = [];
    private readonly Dictionary<string, Creation> _creations = [];
    private readonly SemaphoreSlim _createTurn = new(1, 1);
    private readonly string _namespace;
    private readonly string _root;
    private readonly IReadOnlyList<IHypervisorProvider> _providers;
    private readonly ITaskEvents _events;
    private readonly ILogger _logger;
    private readonly TimeProvider _clock;
    private Sandbox? _sandbox;

    /// <param name="containerdNamespace">The containerd namespace.</param>
    /// <param name="root">Where sandboxes keep their files, e.g. /run/kata.</param>
    /// <param name="providers">The hypervisors of this build.</param>
    /// <param name="events">Where to report.</param>
    /// <param name="logger">Where to log.</param>
    /// <param name="clock">The clock.</param>
    internal TaskManager(
        string containerdNamespace, string root, IReadOnlyList<IHypervisorProvider> providers, ITaskEvents events, ILogger logger, TimeProvider clock)
    {
        (_namespace, _root, _providers, _events, _logger, _clock) = (containerdNamespace, root, providers, events, logger, clock);
    }

    internal string Namespace => _namespace;

    /// <summary>Neither a container nor one being created.</summary>
    internal bool IsEmpty
    {
        get
        {
            lock (_gate)
                return _containers.Count == 0 && _creations.Count == 0;
        }
    }

    /// <summary>The VM's process; 0 while there is none.</summary>
    internal uint VmProcessId => (uint)(_sandbox?.VmProcessId ?? 0);

    /// <exception cref="KataException">There is no such container.</exception>
    internal Container Find(string id)
    {
        lock (_gate)
            return _containers.TryGetValue(id, out var container) ? container : throw RuntimeErrors.NoSuchContainer(id);
    }

    /// <summary>Creates a container; the first one boots the VM. A failure leaves nothing behind.</summary>
    internal async Task<Container> CreateAsync(CreateContainer request, CancellationToken cancellationToken)
    {
        if (Identifier.Problem(request.Id) is { } problem)
            throw RuntimeErrors.Invalid($"container id: {problem}");
        using var creation = new Creation(cancellationToken);
        lock (_gate)
        {
            if (_containers.ContainsKey(request.Id) || !_creations.TryAdd(request.Id, creation))
                throw RuntimeErrors.ContainerExists(request.Id);
        }

        try
        {
            await _createTurn.WaitAsync(creation.Token);
            try
            {
                return await CreateInTurnAsync(request, creation.Token);
            }
            finally
            {
                _createTurn.Release();
            }
        }
        catch (Exception exception)
        {
            RuntimeLog.CreateFailed(_logger, exception, request.Id);
            throw;
        }
        finally
        {
            lock (_gate)
                _creations.Remove(request.Id);
            creation.Complete();
        }
    }

    /// <summary>Deletes a container. One that is still being created is abandoned first.</summary>
    internal async Task<(ProcessExit Exit, uint ProcessId)> DeleteAsync(string id)
    {
        Creation? creation;
        lock (_gate)
            _creations.TryGetValue(id, out creation);
        if (creation is not null)
            await creation.AbandonAsync();
        var container = Find(id);
        var exit = await container.DeleteAsync();
        lock (_gate)
        {
            // Two clients may delete at once; one of them did.
            if (!_containers.Remove(id))
                throw RuntimeErrors.NoSuchContainer(id);
            if (container.Kind != ContainerKind.PodContainer)
                _sandbox = null;
        }

        _events.Publish(new TaskDelete
        {
            ContainerId = id,
            Pid = container.ProcessId,
            ExitStatus = exit.Status,
            ExitedAt = Google.Protobuf.WellKnownTypes.Timestamp.FromDateTimeOffset(exit.At),
        });
        return (exit, container.ProcessId);
    }

    /// <summary>Ends everything, for a daemon that is told to stop. The exits of all processes have been published afterwards.</summary>
    internal async Task StopAllAsync(string reason)
    {
        List<Creation> creations;
        List<Container> containers;
        lock (_gate)
            (creations, containers) = ([.. _creations.Values], [.. _containers.Values]);
        foreach (var creation in creations)
            await creation.AbandonAsync();
        if (_sandbox is not { } sandbox)
            return;
        await sandbox.StopAsync(reason);
        foreach (var container in containers)
            await container.Process("").Exited;
        await sandbox.CleanUpAsync();
    }

    private async Task<Container> CreateInTurnAsync(CreateContainer request, CancellationToken cancellationToken)
    {
        var timer = new PhaseTimer(_logger);
        var spec = ReadSpec(request.Bundle);
        var role = ContainerRole.Of(request.Id, spec.Annotations);
        if (role.Kind == ContainerKind.PodContainer && _sandbox is null)
            throw new KataException(KataErrorKind.FailedPrecondition, $"Sandbox {role.SandboxId}, which container {request.Id} belongs to, does not run here.");
        if (role.Kind != ContainerKind.PodContainer && _sandbox is not null)
            throw new KataException(KataErrorKind.AlreadyExists, $"This shim serves sandbox {_sandbox.Id} already: already exists");
        var io = await ProcessIo.OpenAsync(request.Stdio, request.Id, _namespace, cancellationToken);
        Sandbox? started = null;
        ContainerResources? resources = null;
        try
        {
            if (_sandbox is not { } sandbox)
                sandbox = _sandbox = started = await StartSandboxAsync(request, spec, cancellationToken);
            var containerRequest = new ContainerRequest { Id = request.Id, Bundle = request.Bundle, Spec = spec, Rootfs = request.Rootfs };
            resources = await sandbox.AddContainerAsync(containerRequest, cancellationToken);
            await sandbox.RunHooksAsync(HookStage.CreateContainer, containerRequest);
            await sandbox.Agent.CreateContainerAsync(resources.CreateContainerRequest, cancellationToken);
            var container = new Container(containerRequest, request.Stdio, role.Kind, sandbox, resources, io, _events, _logger, _clock);
            if (spec.Process?.ConsoleSize is { } size)
                container.Process("").PendingSize = ((uint)size.Width, (uint)size.Height);
            cancellationToken.ThrowIfCancellationRequested();
            timer.Completed("create");
            Add(container, request);
            return container;
        }
        catch
        {
            await RollBackAsync(io, resources, started);
            throw;
        }
    }

    private async Task<Sandbox> StartSandboxAsync(CreateContainer request, Spec spec, CancellationToken cancellationToken)
    {
        var sandbox = new Sandbox(
            new SandboxRequest { Id = request.Id, Namespace = _namespace, Bundle = request.Bundle, Spec = spec, ConfigPath = request.ConfigPath },
            _providers,
            new SandboxPaths(_namespace, request.Id, _root),
            _events,
            _logger);
        await sandbox.StartAsync(cancellationToken);
        return sandbox;
    }

    private void Add(Container container, CreateContainer request)
    {
        lock (_gate)
            _containers.Add(container.Id, container);
        var created = new TaskCreate
        {
            ContainerId = container.Id,
            Bundle = request.Bundle,
            Io = new TaskIO
            {
                Stdin = request.Stdio.Stdin,
                Stdout = request.Stdio.Stdout,
                Stderr = request.Stdio.Stderr,
                Terminal = request.Stdio.Terminal,
            },
            Pid = container.ProcessId,
        };
        created.Rootfs.AddRange(request.Rootfs);
        _events.Publish(created);
        container.BeginWatch();
    }

    private async Task RollBackAsync(ProcessIo io, ContainerResources? resources, Sandbox? started)
    {
        await io.DisposeAsync();
        if (resources is not null)
            await resources.DisposeAsync();
        if (started is null)
            return;
        _sandbox = null;
        await started.CleanUpAsync();
    }

    private static Spec ReadSpec(string bundle)
    {
        if (!Path.IsPathFullyQualified(bundle) || !Directory.Exists(bundle))
            throw RuntimeErrors.Invalid($"bundle {bundle}: not an absolute path of a directory");
        var path = Path.Combine(bundle, "config.json");
        try
        {
            if (new FileInfo(path) is { Exists: true, Length: > MaxSpecSize } file)
                throw RuntimeErrors.Invalid($"{path} has {file.Length} bytes; at most {MaxSpecSize} are read.");
            var spec = OciJson.ReadSpec(File.ReadAllBytes(path), path);
            return spec.Process is { Args.Count: > 0 }
                ? spec
                : throw RuntimeErrors.Invalid($"{path}: process.args is missing; a container needs a program to run.");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new KataException(KataErrorKind.InvalidArgument, $"{path} cannot be read: {exception.Message}", exception);
        }
    }
}
