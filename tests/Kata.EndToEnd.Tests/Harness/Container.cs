using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Kata.EndToEnd.Tests.Api.Tasks;
using Kata.Protocols;
using Kata.Protocols.Oci;
using Mount = Kata.Protocols.Containerd.Task.Mount;

namespace Kata.EndToEnd.Tests.Harness;

/// <summary>A container with its snapshot; disposing it removes every trace through containerd.</summary>
internal sealed class Container : IAsyncDisposable
{
    private const string Snapshotter = "overlayfs";

    private readonly TestHost _host;
    private readonly ContainerOptions _options;
    private readonly List<ContainerProcess> _processes = [];
    private int _lastExec;

    private Container(TestHost host, ContainerOptions options, string id, IReadOnlyList<Mount> rootfs)
    {
        _host = host;
        _options = options;
        Id = id;
        Rootfs = rootfs;
    }

    public string Id { get; }

    /// <summary>The mounts that make up the root, from the snapshotter.</summary>
    public IReadOnlyList<Mount> Rootfs { get; }

    /// <summary>The snapshot's own directory on the host: what the container wrote.</summary>
    public string UpperDirectory =>
        Rootfs[0].Options.Single(o => o.StartsWith("upperdir=", StringComparison.Ordinal))["upperdir=".Length..];

    public ContainerProcess Init { get; private set; } = null!;

    public IReadOnlyList<TaskEvent> Events => _host.Events.Of(Id);

    private Tasks.TasksClient Tasks => _host.Client.Tasks;

    /// <summary>Makes the snapshot and the container record; there is no task yet.</summary>
    public static async Task<Container> PrepareAsync(TestHost host, ContainerOptions options, params IReadOnlyList<string> args)
    {
        string id = options.Id ?? host.NewId();
        var snapshot = new Api.Snapshots.PrepareSnapshotRequest { Snapshotter = Snapshotter, Key = id, Parent = host.ImageSnapshot };
        // Keeps containerd's garbage collector away until the record refers to it.
        snapshot.Labels["containerd.io/gc.root"] = "2026-01-01T00:00:00Z";
        var mounts = (await host.Client.Snapshots.PrepareAsync(snapshot)).Mounts;
        var record = new Api.Containers.Container
        {
            Id = id,
            Image = OciImage.Name,
            Snapshotter = Snapshotter,
            SnapshotKey = id,
            Runtime = new() { Name = options.Runtime ?? host.Settings.Runtime, Options = host.RuntimeOptions(options.ConfigurationPath) },
            Spec = AnyPayload.Pack(options.Configure(Specs.Default(id, args).WithProcess(p => p with { Terminal = options.Terminal }))),
        };
        if (options.RawSpec is { } raw)
            record.Spec.Value = ByteString.CopyFromUtf8(raw);
        await host.Client.Containers.CreateAsync(new() { Container = record });
        return new(host, options, id, mounts);
    }

    /// <summary>Creates the container and its task.</summary>
    public static async Task<Container> CreateAsync(TestHost host, ContainerOptions options, params IReadOnlyList<string> args)
    {
        var container = await PrepareAsync(host, options, args);
        try
        {
            await container.CreateTaskAsync(ContainerProcess.Deadline);
            return container;
        }
        catch
        {
            await container.DisposeAsync();
            throw;
        }
    }

    /// <summary>Creates and starts a container.</summary>
    public static async Task<Container> RunAsync(TestHost host, ContainerOptions options, params IReadOnlyList<string> args)
    {
        var container = await CreateAsync(host, options, args);
        await container.Init.StartAsync();
        return container;
    }

    public async Task CreateTaskAsync(DateTime deadline, CancellationToken cancellation = default)
    {
        var io = _options.OutputUri is null ? NewIo("init", _options.Terminal, _options.WithInput) : null;
        Init = Add(new(Tasks, Id, "", io));
        var request = new CreateTaskRequest
        {
            ContainerId = Id,
            Terminal = _options.Terminal,
            Stdin = io?.Stdin ?? "",
            Stdout = _options.OutputUri ?? io!.Stdout,
            Stderr = _options.OutputUri ?? io!.Stderr,
        };
        request.Rootfs.Add(_options.Rootfs ?? Rootfs);
        await Tasks.CreateAsync(request, deadline: deadline, cancellationToken: cancellation);
    }

    /// <summary>Adds an exec that is not started yet.</summary>
    public async Task<ContainerProcess> AddExecAsync(ExecOptions options, params IReadOnlyList<string> args)
    {
        string execId = options.Id ?? $"exec{Interlocked.Increment(ref _lastExec)}";
        var process = Add(new(Tasks, Id, execId, NewIo(execId, options.Terminal, options.WithInput)));
        await Tasks.ExecAsync(
            new()
            {
                ContainerId = Id,
                ExecId = execId,
                Terminal = options.Terminal,
                Stdin = process.Io.Stdin,
                Stdout = process.Io.Stdout,
                Stderr = process.Io.Stderr,
                Spec = AnyPayload.Pack(options.Configure(Specs.Process(args) with { Terminal = options.Terminal })),
            },
            deadline: ContainerProcess.Deadline);
        return process;
    }

    /// <summary>Adds and starts an exec.</summary>
    public async Task<ContainerProcess> StartExecAsync(ExecOptions options, params IReadOnlyList<string> args)
    {
        var process = await AddExecAsync(options, args);
        await process.StartAsync();
        return process;
    }

    /// <summary>Runs an exec to its end.</summary>
    public async Task<ProcessResult> ExecAsync(ExecOptions options, params IReadOnlyList<string> args) =>
        await (await StartExecAsync(options, args)).FinishAsync();

    /// <summary>Runs a shell command in the container to its end.</summary>
    public Task<ProcessResult> ShellAsync(string command) => ExecAsync(new(), "sh", "-c", command);

    public async Task PauseAsync() => await Tasks.PauseAsync(new() { ContainerId = Id }, deadline: ContainerProcess.Deadline);

    public async Task ResumeAsync() => await Tasks.ResumeAsync(new() { ContainerId = Id }, deadline: ContainerProcess.Deadline);

    public async Task UpdateAsync(LinuxResources resources) => await Tasks.UpdateAsync(
        new() { ContainerId = Id, Resources = AnyPayload.Pack(resources) },
        deadline: ContainerProcess.Deadline);

    public async Task<IReadOnlyList<uint>> PidsAsync() =>
        [.. (await Tasks.ListPidsAsync(new() { ContainerId = Id }, deadline: ContainerProcess.Deadline)).Processes.Select(p => p.Pid)];

    public async Task<Any> StatsAsync()
    {
        var request = new MetricsRequest();
        request.Filters.Add($"id=={Id}");
        var metrics = (await Tasks.MetricsAsync(request, deadline: ContainerProcess.Deadline)).Metrics;
        return metrics.Single(m => m.Id == Id).Data;
    }

    public async ValueTask DisposeAsync()
    {
        await IgnoreMissingAsync(async () =>
        {
            var state = await Tasks.GetAsync(new() { ContainerId = Id });
            if (state.Process.Status != Kata.Protocols.Containerd.Task.Status.Stopped)
            {
                // It may have ended, and nobody have been told so yet.
                await IgnoreMissingAsync(async () => await Tasks.KillAsync(new() { ContainerId = Id, Signal = 9, All = true }));
                await Tasks.WaitAsync(new() { ContainerId = Id }, deadline: ContainerProcess.Deadline);
            }
        });
        foreach (var process in _processes)
            await process.DisposeAsync();
        await IgnoreMissingAsync(async () => await Tasks.DeleteAsync(new() { ContainerId = Id }, deadline: ContainerProcess.Deadline));
        await IgnoreMissingAsync(async () => await _host.Client.Containers.DeleteAsync(new() { Id = Id }));
        await IgnoreMissingAsync(async () => await _host.Client.Snapshots.RemoveAsync(new() { Snapshotter = Snapshotter, Key = Id }));
    }

    private static async Task IgnoreMissingAsync(Func<Task> action)
    {
        try
        {
            await action();
        }
        catch (RpcException e) when (e.StatusCode == StatusCode.NotFound)
        {
            // Already gone, which is what was wanted.
        }
    }

    private ProcessIo NewIo(string name, bool terminal, bool withInput) =>
        new(Path.Combine(_host.TemporaryDirectory, "io", Id, name), terminal, withInput);

    private ContainerProcess Add(ContainerProcess process)
    {
        lock (_processes)
            _processes.Add(process);
        return process;
    }
}
