using Grpc.Core;
using Kata.Protocols.Agent;

namespace Kata.Shim.Agent;

/// <content>The calls.</content>
internal sealed partial class AgentClient
{
    private static readonly Method<ReadStreamRequest, OutputChunk> ReadStdoutMethod = OutputChunk.MethodOf(AgentService.Methods.ReadStdout);
    private static readonly Method<ReadStreamRequest, OutputChunk> ReadStderrMethod = OutputChunk.MethodOf(AgentService.Methods.ReadStderr);

    /// <summary>Sets up the guest for a sandbox.</summary>
    public Task CreateSandboxAsync(CreateSandboxRequest request, CancellationToken cancellationToken) =>
        CallAsync(AgentService.Methods.CreateSandbox, request, cancellationToken);

    /// <summary>Creates a container; its process waits for StartContainer.</summary>
    public Task CreateContainerAsync(CreateContainerRequest request, CancellationToken cancellationToken) =>
        CallAsync(AgentService.Methods.CreateContainer, request, cancellationToken);

    /// <summary>Lets a container's process run.</summary>
    public Task StartContainerAsync(StartContainerRequest request, CancellationToken cancellationToken) =>
        CallAsync(AgentService.Methods.StartContainer, request, cancellationToken);

    /// <summary>Destroys a container and its mounts.</summary>
    public Task RemoveContainerAsync(RemoveContainerRequest request, CancellationToken cancellationToken) =>
        CallAsync(AgentService.Methods.RemoveContainer, request, cancellationToken);

    /// <summary>Runs another process in a container.</summary>
    public Task ExecProcessAsync(ExecProcessRequest request, CancellationToken cancellationToken) =>
        CallAsync(AgentService.Methods.ExecProcess, request, cancellationToken);

    /// <summary>Signals a process; with SIGKILL and no exec id, all processes of the container.</summary>
    public Task SignalProcessAsync(SignalProcessRequest request, CancellationToken cancellationToken) =>
        CallAsync(AgentService.Methods.SignalProcess, request, cancellationToken);

    /// <summary>Changes the resource limits of a container.</summary>
    public Task UpdateContainerAsync(UpdateContainerRequest request, CancellationToken cancellationToken) =>
        CallAsync(AgentService.Methods.UpdateContainer, request, cancellationToken);

    /// <summary>Freezes a container.</summary>
    public Task PauseContainerAsync(PauseContainerRequest request, CancellationToken cancellationToken) =>
        CallAsync(AgentService.Methods.PauseContainer, request, cancellationToken);

    /// <summary>Thaws a container.</summary>
    public Task ResumeContainerAsync(ResumeContainerRequest request, CancellationToken cancellationToken) =>
        CallAsync(AgentService.Methods.ResumeContainer, request, cancellationToken);

    /// <summary>Closes the standard input of a process.</summary>
    public Task CloseStdinAsync(CloseStdinRequest request, CancellationToken cancellationToken) =>
        CallAsync(AgentService.Methods.CloseStdin, request, cancellationToken);

    /// <summary>Sets the size of a process's terminal.</summary>
    public Task TtyWinResizeAsync(TtyWinResizeRequest request, CancellationToken cancellationToken) =>
        CallAsync(AgentService.Methods.TtyWinResize, request, cancellationToken);

    /// <summary>Sets routes.</summary>
    public Task<Routes> UpdateRoutesAsync(UpdateRoutesRequest request, CancellationToken cancellationToken) =>
        CallAsync(AgentService.Methods.UpdateRoutes, request, cancellationToken);

    /// <summary>Configures a network interface, found by its MAC address.</summary>
    public Task<Interface> UpdateInterfaceAsync(UpdateInterfaceRequest request, CancellationToken cancellationToken) =>
        CallAsync(AgentService.Methods.UpdateInterface, request, cancellationToken);

    /// <summary>Adds permanent neighbours.</summary>
    public Task AddArpNeighborsAsync(AddARPNeighborsRequest request, CancellationToken cancellationToken) =>
        CallAsync(AgentService.Methods.AddARPNeighbors, request, cancellationToken);

    /// <summary>Reads the counters of a container.</summary>
    public Task<StatsContainerResponse> StatsContainerAsync(StatsContainerRequest request, CancellationToken cancellationToken) =>
        CallAsync(AgentService.Methods.StatsContainer, request, cancellationToken);

    /// <summary>Asks what the guest is.</summary>
    public Task<GuestDetailsResponse> GetGuestDetailsAsync(GuestDetailsRequest request, CancellationToken cancellationToken) =>
        CallAsync(AgentService.Methods.GetGuestDetails, request, cancellationToken);

    /// <summary>Brings hot-plugged CPUs and memory into use.</summary>
    public Task OnlineCpuMemAsync(OnlineCPUMemRequest request, CancellationToken cancellationToken) =>
        CallAsync(AgentService.Methods.OnlineCPUMem, request, cancellationToken);

    /// <summary>Sets the policy that decides about later calls.</summary>
    public Task SetPolicyAsync(SetPolicyRequest request, CancellationToken cancellationToken) =>
        CallAsync(AgentService.Methods.SetPolicy, request, cancellationToken);

    /// <summary>Writes a file, directory or link in the guest.</summary>
    public Task CopyFileAsync(CopyFileRequest request, CancellationToken cancellationToken) =>
        CallAsync(AgentService.Methods.CopyFile, request, cancellationToken);

    /// <summary>Reads diagnostic data of a container.</summary>
    public Task<GetDiagnosticDataResponse> GetDiagnosticDataAsync(GetDiagnosticDataRequest request, CancellationToken cancellationToken) =>
        CallAsync(AgentService.Methods.GetDiagnosticData, request, cancellationToken);

    /// <summary>Waits for the end of a process, without a time limit. To be called once per process.</summary>
    public Task<WaitProcessResponse> WaitProcessAsync(WaitProcessRequest request, CancellationToken cancellationToken) =>
        WaitAsync(AgentService.Methods.WaitProcess, request, cancellationToken);

    /// <summary>Writes to a process, without a time limit; empty data closes its standard input.</summary>
    public Task<WriteStreamResponse> WriteStdinAsync(WriteStreamRequest request, CancellationToken cancellationToken) =>
        WaitAsync(AgentService.Methods.WriteStdin, request, cancellationToken);

    /// <summary>Reads what a process wrote, without a time limit; empty data or an error is the end.</summary>
    public Task<OutputChunk> ReadStdoutAsync(ReadStreamRequest request, CancellationToken cancellationToken) =>
        WaitAsync(ReadStdoutMethod, request, cancellationToken);

    /// <summary>As <see cref="ReadStdoutAsync"/>, for standard error.</summary>
    public Task<OutputChunk> ReadStderrAsync(ReadStreamRequest request, CancellationToken cancellationToken) =>
        WaitAsync(ReadStderrMethod, request, cancellationToken);

    /// <summary>Waits for the next container that ran out of memory, without a time limit.</summary>
    public Task<OOMEvent> GetOomEventAsync(GetOOMEventRequest request, CancellationToken cancellationToken) =>
        WaitAsync(AgentService.Methods.GetOOMEvent, request, cancellationToken);

    /// <summary>Asks whether the agent serves.</summary>
    public async Task<bool> CheckHealthAsync(CancellationToken cancellationToken)
    {
        var response = await LimitedAsync(
            Health.Methods.Check, new CheckRequest(), _configuration.HealthCheckTimeout, cancellationToken).ConfigureAwait(false);
        return response.Status == HealthCheckResponse.Types.ServingStatus.Serving;
    }

    /// <summary>Asks for the agent's version.</summary>
    public Task<VersionCheckResponse> GetVersionAsync(CancellationToken cancellationToken) =>
        LimitedAsync(Health.Methods.Version, new CheckRequest(), _configuration.HealthCheckTimeout, cancellationToken);
}
