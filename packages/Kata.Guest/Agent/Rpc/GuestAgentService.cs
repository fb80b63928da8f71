using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Kata.Guest.Agent.Cgroups;
using Kata.Guest.Agent.Containers;
using Kata.Protocols.Agent;

namespace Kata.Guest.Agent.Rpc;

/// <summary>The agent's protocol: requests in, calls to the agent's parts, replies out.</summary>
internal sealed partial class GuestAgentService : AgentService.AgentServiceBase
{
    private static readonly Empty _empty = new();

    private readonly AgentServices _parts;
    private readonly ContainerManager _containers;

    public GuestAgentService(AgentServices parts)
    {
        _parts = parts;
        _containers = parts.Containers;
    }

    public override async Task<Empty> CreateSandbox(CreateSandboxRequest request, ServerCallContext context)
    {
        await _parts.Sandbox.CreateAsync(request, context.CancellationToken);
        return _empty;
    }

    public override async Task<Empty> DestroySandbox(DestroySandboxRequest request, ServerCallContext context)
    {
        foreach (var id in _containers.Ids)
            await _containers.RemoveAsync(id, Timeout.InfiniteTimeSpan, context.CancellationToken);
        _parts.Stop("the sandbox was destroyed");
        return _empty;
    }

    public override async Task<Empty> CreateContainer(CreateContainerRequest request, ServerCallContext context)
    {
        await _containers.CreateAsync(request, context.CancellationToken);
        return _empty;
    }

    public override async Task<Empty> StartContainer(StartContainerRequest request, ServerCallContext context)
    {
        await _containers.StartAsync(request.ContainerId, context.CancellationToken);
        return _empty;
    }

    public override async Task<Empty> RemoveContainer(RemoveContainerRequest request, ServerCallContext context)
    {
        var timeout = request.Timeout == 0 ? Timeout.InfiniteTimeSpan : TimeSpan.FromSeconds(Math.Min(request.Timeout, 86400));
        await _containers.RemoveAsync(request.ContainerId, timeout, context.CancellationToken);
        return _empty;
    }

    public override async Task<Empty> ExecProcess(ExecProcessRequest request, ServerCallContext context)
    {
        var process = request.Process ?? throw AgentException.Invalid("The request has no process.");
        await _containers.ExecAsync(request.ContainerId, request.ExecId, process.ToOci(), context.CancellationToken);
        return _empty;
    }

    public override Task<Empty> SignalProcess(SignalProcessRequest request, ServerCallContext context)
    {
        if (request.Signal is 0 or > 64)
            throw AgentException.Invalid($"There is no signal {request.Signal}.");
        _containers.Signal(request.ContainerId, request.ExecId, (int)request.Signal);
        return Task.FromResult(_empty);
    }

    public override async Task<WaitProcessResponse> WaitProcess(WaitProcessRequest request, ServerCallContext context) =>
        new() { Status = await _containers.WaitAsync(request.ContainerId, request.ExecId, context.CancellationToken) };

    public override async Task<Empty> UpdateContainer(UpdateContainerRequest request, ServerCallContext context)
    {
        var resources = request.Resources ?? throw AgentException.Invalid("The request has no resources.");
        await _containers.UpdateAsync(request.ContainerId, resources.ToOci(), context.CancellationToken);
        return _empty;
    }

    public override Task<StatsContainerResponse> StatsContainer(StatsContainerRequest request, ServerCallContext context) =>
        Task.FromResult(new StatsContainerResponse { CgroupStats = CgroupStatistics.Read(_containers.Get(request.ContainerId).Cgroup) });

    public override async Task<Empty> PauseContainer(PauseContainerRequest request, ServerCallContext context)
    {
        await _containers.FreezeAsync(request.ContainerId, true, context.CancellationToken);
        return _empty;
    }

    public override async Task<Empty> ResumeContainer(ResumeContainerRequest request, ServerCallContext context)
    {
        await _containers.FreezeAsync(request.ContainerId, false, context.CancellationToken);
        return _empty;
    }

    public override async Task<OOMEvent> GetOOMEvent(GetOOMEventRequest request, ServerCallContext context) =>
        new() { ContainerId = await _parts.Ooms.NextAsync(context.CancellationToken) };
}
