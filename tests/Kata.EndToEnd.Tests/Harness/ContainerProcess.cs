using Kata.EndToEnd.Tests.Api.Tasks;

namespace Kata.EndToEnd.Tests.Harness;

/// <summary>A process of a container: its init (no exec id) or an exec.</summary>
internal sealed class ContainerProcess : IAsyncDisposable
{
    private readonly Tasks.TasksClient _tasks;
    private Task<WaitResponse>? _exit;

    public ContainerProcess(Tasks.TasksClient tasks, string containerId, string execId, ProcessIo? io)
    {
        _tasks = tasks;
        ContainerId = containerId;
        ExecId = execId;
        Streams = io;
    }

    public string ContainerId { get; }

    public string ExecId { get; }

    public ProcessIo Io => Streams ?? throw new InvalidOperationException("This process has no FIFOs.");

    public uint Pid { get; private set; }

    private ProcessIo? Streams { get; }

    /// <summary>Starts to wait, then starts the process, as containerd's client does.</summary>
    public async Task StartAsync()
    {
        _exit = WaitAsync();
        Pid = (await _tasks.StartAsync(new() { ContainerId = ContainerId, ExecId = ExecId }, deadline: Deadline)).Pid;
    }

    public async Task<uint> ExitAsync()
    {
        _exit ??= WaitAsync();
        return (await _exit.WaitAsync(Eventually.Patience)).ExitStatus;
    }

    /// <summary>A new Wait call.</summary>
    public async Task<WaitResponse> WaitAsync() => await _tasks.WaitAsync(new() { ContainerId = ContainerId, ExecId = ExecId });

    public async Task KillAsync(uint signal, bool all = false) =>
        await _tasks.KillAsync(new() { ContainerId = ContainerId, ExecId = ExecId, Signal = signal, All = all }, deadline: Deadline);

    public async Task CloseInputAsync()
    {
        await Io.CloseInputAsync();
        await _tasks.CloseIOAsync(new() { ContainerId = ContainerId, ExecId = ExecId, Stdin = true }, deadline: Deadline);
    }

    public async Task ResizeAsync(uint width, uint height) => await _tasks.ResizePtyAsync(
        new() { ContainerId = ContainerId, ExecId = ExecId, Width = width, Height = height },
        deadline: Deadline);

    public async Task<Process> StateAsync() =>
        (await _tasks.GetAsync(new() { ContainerId = ContainerId, ExecId = ExecId }, deadline: Deadline)).Process;

    public async Task<DeleteResponse> DeleteAsync() => ExecId.Length > 0
        ? await _tasks.DeleteProcessAsync(new() { ContainerId = ContainerId, ExecId = ExecId }, deadline: Deadline)
        : await _tasks.DeleteAsync(new() { ContainerId = ContainerId }, deadline: Deadline);

    /// <summary>Waits for the exit and the end of the streams, then deletes the process.</summary>
    public async Task<ProcessResult> FinishAsync()
    {
        uint status = await ExitAsync();
        if (Streams is not null)
            await Streams.CompleteAsync();
        var deleted = await DeleteAsync();
        Assert.AreEqual(status, deleted.ExitStatus, "Wait and Delete disagree.");
        return new(status, Streams?.Output.Text ?? "", Streams?.Error?.Text ?? "");
    }

    public async ValueTask DisposeAsync()
    {
        if (Streams is not null)
            await Streams.DisposeAsync();
    }

    public static DateTime Deadline => DateTime.UtcNow + Eventually.Patience;
}
