using System.Collections.Concurrent;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Kata.Protocols.Agent;
using Kata.Ttrpc;

namespace Kata.Shim.Tests.Fakes;

/// <summary>A guest's agent in this process: real ttrpc on a unix socket, processes played by the test.</summary>
internal sealed class FakeAgent : AgentService.AgentServiceBase, IAsyncDisposable
{
    private readonly ConcurrentDictionary<(string Container, string Exec), FakeProcess> _processes = new();
    private readonly System.Threading.Channels.Channel<string> _outOfMemory = System.Threading.Channels.Channel.CreateUnbounded<string>();
    private readonly TtrpcServer _server = new();

    internal FakeAgent(string socketPath)
    {
        AgentService.BindService(_server.Services, this);
        Health.BindService(_server.Services, new FakeHealth());
        _server.Listen(TtrpcAddress.Unix(socketPath));
    }

    internal ConcurrentQueue<string> Calls { get; } = new();

    /// <summary>Throws, or waits, inside the call of this name.</summary>
    internal Func<string, Task> OnCall { get; set; } = static _ => Task.CompletedTask;

    internal FakeProcess Process(string container, string exec = "") => _processes[(container, exec)];

    internal bool Has(string container, string exec) => _processes.ContainsKey((container, exec));

    internal void ReportOutOfMemory(string container) => _outOfMemory.Writer.TryWrite(container);

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    public override Task<Empty> CreateSandbox(CreateSandboxRequest request, ServerCallContext context) => AnswerAsync("CreateSandbox");

    public override async Task<Empty> CreateContainer(CreateContainerRequest request, ServerCallContext context)
    {
        await AnswerAsync($"CreateContainer {request.ContainerId}");
        _processes[(request.ContainerId, "")] = new FakeProcess();
        return new Empty();
    }

    public override async Task<Empty> StartContainer(StartContainerRequest request, ServerCallContext context)
    {
        await AnswerAsync($"StartContainer {request.ContainerId}");
        Process(request.ContainerId).Started.TrySetResult();
        return new Empty();
    }

    public override async Task<Empty> ExecProcess(ExecProcessRequest request, ServerCallContext context)
    {
        await AnswerAsync($"ExecProcess {request.ContainerId} {request.ExecId}");
        var process = new FakeProcess();
        process.Started.TrySetResult();
        _processes[(request.ContainerId, request.ExecId)] = process;
        if (request.Process.Args is ["exit", var status])
            process.Exit(int.Parse(status, System.Globalization.CultureInfo.InvariantCulture));
        return new Empty();
    }

    public override async Task<Empty> SignalProcess(SignalProcessRequest request, ServerCallContext context)
    {
        await AnswerAsync($"SignalProcess {request.ContainerId} {request.ExecId} {request.Signal}");
        var process = Find(request.ContainerId, request.ExecId);
        if (process.Exited.IsCompleted)
            throw new RpcException(new Status(StatusCode.NotFound, "no such process"));
        process.Signal(request.Signal);
        return new Empty();
    }

    public override async Task<WaitProcessResponse> WaitProcess(WaitProcessRequest request, ServerCallContext context)
    {
        await AnswerAsync($"WaitProcess {request.ContainerId} {request.ExecId}");
        var status = await Find(request.ContainerId, request.ExecId).Exited.WaitAsync(context.CancellationToken);
        if (request.ExecId.Length == 0)
            EndExecs(request.ContainerId);
        return new WaitProcessResponse { Status = status };
    }

    public override async Task<Empty> RemoveContainer(RemoveContainerRequest request, ServerCallContext context)
    {
        await AnswerAsync($"RemoveContainer {request.ContainerId}");
        return new Empty();
    }

    public override Task<Empty> PauseContainer(PauseContainerRequest request, ServerCallContext context) => AnswerAsync("PauseContainer");

    public override Task<Empty> ResumeContainer(ResumeContainerRequest request, ServerCallContext context) => AnswerAsync("ResumeContainer");

    public override Task<Empty> UpdateContainer(UpdateContainerRequest request, ServerCallContext context) =>
        AnswerAsync($"UpdateContainer {request.Resources.Memory.Limit}");

    public override async Task<StatsContainerResponse> StatsContainer(StatsContainerRequest request, ServerCallContext context)
    {
        await AnswerAsync("StatsContainer");
        return new StatsContainerResponse { CgroupStats = new CgroupStats { PidsStats = new PidsStats { Current = 2 } } };
    }

    public override async Task<WriteStreamResponse> WriteStdin(WriteStreamRequest request, ServerCallContext context)
    {
        await OnCall("WriteStdin");
        Find(request.ContainerId, request.ExecId).WriteStdin(request.Data.ToByteArray());
        return new WriteStreamResponse { Len = (uint)request.Data.Length };
    }

    public override async Task<ReadStreamResponse> ReadStdout(ReadStreamRequest request, ServerCallContext context) =>
        new() { Data = await Find(request.ContainerId, request.ExecId).ReadAsync(error: false).WaitAsync(context.CancellationToken) };

    public override async Task<ReadStreamResponse> ReadStderr(ReadStreamRequest request, ServerCallContext context) =>
        new() { Data = await Find(request.ContainerId, request.ExecId).ReadAsync(error: true).WaitAsync(context.CancellationToken) };

    public override Task<Empty> TtyWinResize(TtyWinResizeRequest request, ServerCallContext context)
    {
        Find(request.ContainerId, request.ExecId).Sizes.Add((request.Column, request.Row));
        return AnswerAsync("TtyWinResize");
    }

    public override async Task<OOMEvent> GetOOMEvent(GetOOMEventRequest request, ServerCallContext context) =>
        new() { ContainerId = await _outOfMemory.Reader.ReadAsync(context.CancellationToken) };

    // The kernel kills what is left of a container with its first process.
    private void EndExecs(string container)
    {
        foreach (var (key, process) in _processes)
        {
            if (key.Container == container && key.Exec.Length > 0)
                process.Exit(137);
        }
    }

    private FakeProcess Find(string container, string exec) =>
        _processes.TryGetValue((container, exec), out var process) ? process : throw new RpcException(new Status(StatusCode.NotFound, "process not found"));

    private async Task<Empty> AnswerAsync(string call)
    {
        Calls.Enqueue(call);
        await OnCall(call.Split(' ')[0]);
        return new Empty();
    }
}
