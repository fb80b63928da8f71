using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Kata.Protocols;
using Kata.Protocols.Containerd.Runtime;
using Kata.Protocols.Containerd.Runtime.Runc;
using Kata.Protocols.Containerd.Task;
using Kata.Shim.Hosting;
using Kata.Shim.Runtime;
using Kata.Shim.Runtime.Io;
using TaskApi = Kata.Protocols.Containerd.Services.Task;

namespace Kata.Shim.Services;

/// <summary>containerd's task service, versions 2 and 3: requests become calls of the runtime, results become replies.</summary>
internal sealed partial class TaskService : TaskApi.TaskBase
{
    /// <summary>The name its methods have in version 3; the messages are the same.</summary>
    internal const string Version3Name = "containerd.task.v3.Task";
    internal const string Version2Name = "containerd.task.v2.Task";

    private readonly TaskManager _tasks;
    private readonly Action<bool> _shutdown;

    /// <param name="tasks">The containers.</param>
    /// <param name="shutdown">Ends the daemon after the reply; true: whatever still runs.</param>
    internal TaskService(TaskManager tasks, Action<bool> shutdown) => (_tasks, _shutdown) = (tasks, shutdown);

    public override async Task<CreateTaskResponse> Create(CreateTaskRequest request, ServerCallContext context)
    {
        if (request.Checkpoint.Length > 0)
            throw new RpcException(new Grpc.Core.Status(StatusCode.Unimplemented, "Restoring a checkpoint is not supported: VMs have none."));
        var container = await _tasks.CreateAsync(
            new CreateContainer
            {
                Id = request.Id,
                Bundle = request.Bundle,
                Rootfs = request.Rootfs,
                Stdio = new Stdio(request.Stdin, request.Stdout, request.Stderr, request.Terminal),
                ConfigPath = ConfigPathOf(request.Options),
            },
            context.CancellationToken);
        return new CreateTaskResponse { Pid = container.ProcessId };
    }

    public override async Task<StartResponse> Start(StartRequest request, ServerCallContext context)
    {
        var container = _tasks.Find(request.Id);
        if (request.ExecId.Length == 0)
            await container.StartAsync(context.CancellationToken);
        else
            await container.StartExecAsync(request.ExecId, context.CancellationToken);
        return new StartResponse { Pid = container.ProcessId };
    }

    public override async Task<DeleteResponse> Delete(DeleteRequest request, ServerCallContext context)
    {
        if (request.ExecId.Length == 0)
        {
            var (exit, pid) = await _tasks.DeleteAsync(request.Id);
            return ToResponse(exit, pid);
        }

        var container = _tasks.Find(request.Id);
        return ToResponse(await container.DeleteExecAsync(request.ExecId), container.ProcessId);
    }

    public override Task<StateResponse> State(StateRequest request, ServerCallContext context)
    {
        var container = _tasks.Find(request.Id);
        var process = container.Process(request.ExecId);
        var response = new StateResponse
        {
            Id = request.Id,
            Bundle = container.Bundle,
            Pid = container.ProcessId,
            Status = (Protocols.Containerd.Task.Status)container.StatusOf(process),
            Stdin = process.Stdio.Stdin,
            Stdout = process.Stdio.Stdout,
            Stderr = process.Stdio.Stderr,
            Terminal = process.Stdio.Terminal,
            ExecId = process.ExecId,
        };
        if (process.Exit is { } exit)
        {
            response.ExitStatus = exit.Status;
            response.ExitedAt = Timestamp.FromDateTimeOffset(exit.At);
        }

        return Task.FromResult(response);
    }

    public override async Task<WaitResponse> Wait(WaitRequest request, ServerCallContext context)
    {
        var exit = await _tasks.Find(request.Id).Process(request.ExecId).Exited.WaitAsync(context.CancellationToken);
        return new WaitResponse { ExitStatus = exit.Status, ExitedAt = Timestamp.FromDateTimeOffset(exit.At) };
    }

    public override async Task<Empty> Kill(KillRequest request, ServerCallContext context)
    {
        await _tasks.Find(request.Id).KillAsync(request.ExecId, request.Signal, request.All);
        return new Empty();
    }

    public override async Task<Empty> Exec(ExecProcessRequest request, ServerCallContext context)
    {
        if (Identifier.Problem(request.ExecId) is { } problem)
            throw RuntimeErrors.Invalid($"exec id: {problem}");
        var container = _tasks.Find(request.Id);
        if (!AnyPayload.TryUnpackProcess(request.Spec, out var spec))
            throw RuntimeErrors.Invalid($"exec {request.ExecId}: the spec must be an OCI Process, not \"{request.Spec?.TypeUrl}\"");
        container.CheckExec(request.ExecId);
        var stdio = new Stdio(request.Stdin, request.Stdout, request.Stderr, request.Terminal);
        var io = await ProcessIo.OpenAsync(stdio, request.Id, _tasks.Namespace, context.CancellationToken);
        try
        {
            container.AddExec(request.ExecId, spec, stdio, io);
        }
        catch
        {
            await io.DisposeAsync();
            throw;
        }

        return new Empty();
    }

    public override async Task<Empty> ResizePty(ResizePtyRequest request, ServerCallContext context)
    {
        await _tasks.Find(request.Id).ResizeAsync(request.ExecId, request.Width, request.Height);
        return new Empty();
    }

    public override Task<Empty> CloseIO(CloseIORequest request, ServerCallContext context)
    {
        var process = _tasks.Find(request.Id).Process(request.ExecId);
        if (request.Stdin)
            process.CloseInput();
        return Task.FromResult(new Empty());
    }

    public override Task<PidsResponse> Pids(PidsRequest request, ServerCallContext context)
    {
        // containerd deletes a shim whose answer is empty. The host sees one process, the VM, whatever runs in it.
        var container = _tasks.Find(request.Id);
        var response = new PidsResponse();
        response.Processes.Add(new ProcessInfo { Pid = container.ProcessId });
        foreach (var execId in container.RunningExecs())
            response.Processes.Add(new ProcessInfo { Pid = container.ProcessId, Info = AnyPayload.Pack(new ProcessDetails { ExecId = execId }) });
        return Task.FromResult(response);
    }

    public override async Task<Empty> Pause(PauseRequest request, ServerCallContext context)
    {
        await _tasks.Find(request.Id).PauseAsync();
        return new Empty();
    }

    public override async Task<Empty> Resume(ResumeRequest request, ServerCallContext context)
    {
        await _tasks.Find(request.Id).ResumeAsync();
        return new Empty();
    }

    public override async Task<Empty> Update(UpdateTaskRequest request, ServerCallContext context)
    {
        var container = _tasks.Find(request.Id);
        if (!AnyPayload.TryUnpackResources(request.Resources, out var resources))
            throw RuntimeErrors.Invalid($"update: the resources must be OCI LinuxResources, not \"{request.Resources?.TypeUrl}\"");
        await container.UpdateAsync(resources);
        return new Empty();
    }

    public override async Task<StatsResponse> Stats(StatsRequest request, ServerCallContext context) =>
        new() { Stats = ContainerMetrics.Convert(await _tasks.Find(request.Id).StatsAsync()) };

    public override Task<Empty> Checkpoint(CheckpointTaskRequest request, ServerCallContext context) =>
        throw new RpcException(new Grpc.Core.Status(StatusCode.Unimplemented, "Checkpoints are not supported for containers in a VM."));

    // Never fails: containerd asks after its own restart, and takes an error for a dead shim.
    public override Task<ConnectResponse> Connect(ConnectRequest request, ServerCallContext context) =>
        Task.FromResult(new ConnectResponse { ShimPid = (uint)Environment.ProcessId, TaskPid = _tasks.VmProcessId, Version = ShimVersion.Version });

    public override Task<Empty> Shutdown(ShutdownRequest request, ServerCallContext context)
    {
        if (request.Now || _tasks.IsEmpty)
            _shutdown(request.Now);
        return Task.FromResult(new Empty());
    }

    private static DeleteResponse ToResponse(ProcessExit exit, uint pid) =>
        new() { Pid = pid, ExitStatus = exit.Status, ExitedAt = Timestamp.FromDateTimeOffset(exit.At) };

    private static string? ConfigPathOf(Any? options) =>
        AnyPayload.TryUnpack<Protocols.Containerd.Runtime.Options>(options, out var runtime) && runtime.ConfigPath.Length > 0
            ? runtime.ConfigPath
            : null;
}
