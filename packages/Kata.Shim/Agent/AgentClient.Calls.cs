using Grpc.Core;
using Kata.Protocols.Agent;

namespace Kata.Shim.Agent;

/// <content>The calls.</content>
internal sealed partial class AgentClient
{
    private static readonly Method<ReadStreamRequest, OutputChunk> ReadStdoutMethod = OutputChunk.Method("ReadStdout");
    private static readonly Method<ReadStreamRequest, OutputChunk> ReadStderrMethod = OutputChunk.Method("ReadStderr");

    /// <summary>Sets up the guest for a sandbox.</summary>
    public Task CreateSandboxAsync(CreateSandboxRequest request, CancellationToken cancellationToken) =>
        CallAsync("CreateSandbox", _service.CreateSandboxAsync, request, cancellationToken);

    /// <summary>Creates a container; its process waits for StartContainer.</summary>
    public Task CreateContainerAsync(CreateContainerRequest request, CancellationToken cancellationToken) =>
        CallAsync("CreateContainer", _service.CreateContainerAsync, request, cancellationToken);

    /// <summary>Lets a container's process run.</summary>
    public Task StartContainerAsync(StartContainerRequest request, CancellationToken cancellationToken) =>
        CallAsync("StartContainer", _service.StartContainerAsync, request, cancellationToken);

    /// <summary>Destroys a container and its mounts.</summary>
    public Task RemoveContainerAsync(RemoveContainerRequest request, CancellationToken cancellationToken) =>
        CallAsync("RemoveContainer", _service.RemoveContainerAsync, request, cancellationToken);

    /// <summary>Runs another process in a container.</summary>
    public Task ExecProcessAsync(ExecProcessRequest request, CancellationToken cancellationToken) =>
        CallAsync("ExecProcess", _service.ExecProcessAsync, request, cancellationToken);

    /// <summary>Signals a process; with SIGKILL and no exec id, all processes of the container.</summary>
    public Task SignalProcessAsync(SignalProcessRequest request, CancellationToken cancellationToken) =>
        CallAsync("SignalProcess", _service.SignalProcessAsync, request, cancellationToken);

    /// <summary>Changes the resource limits of a container.</summary>
    public Task UpdateContainerAsync(UpdateContainerRequest request, CancellationToken cancellationToken) =>
        CallAsync("UpdateContainer", _service.UpdateContainerAsync, request, cancellationToken);

    /// <summary>Freezes a container.</summary>
    public Task PauseContainerAsync(PauseContainerRequest request, CancellationToken cancellationToken) =>
        CallAsync("PauseContainer", _service.PauseContainerAsync, request, cancellationToken);

    /// <summary>Thaws a container.</summary>
    public Task ResumeContainerAsync(ResumeContainerRequest request, CancellationToken cancellationToken) =>
        CallAsync("ResumeContainer", _service.ResumeContainerAsync, request, cancellationToken);

    /// <summary>Closes the standard input of a process.</summary>
    public Task CloseStdinAsync(CloseStdinRequest request, CancellationToken cancellationToken) =>
        CallAsync("CloseStdin", _service.CloseStdinAsync, request, cancellationToken);

    /// <summary>Sets the size of a process's terminal.</summary>
    public Task TtyWinResizeAsync(TtyWinResizeRequest request, CancellationToken cancellationToken) =>
        CallAsync("TtyWinResize", _service.TtyWinResizeAsync, request, cancellationToken);

    /// <summary>Sets routes.</summary>
    public Task<Routes> UpdateRoutesAsync(UpdateRoutesRequest request, CancellationToken cancellationToken) =>
        CallAsync("UpdateRoutes", _service.UpdateRoutesAsync, request, cancellationToken);

    /// <summary>Configures a network interface, found by its MAC address.</summary>
    public Task<Interface> UpdateInterfaceAsync(UpdateInterfaceRequest request, CancellationToken cancellationToken) =>
        CallAsync("UpdateInterface", _service.UpdateInterfaceAsync, request, cancellationToken);

    /// <summary>Adds permanent neighbours.</summary>
    public Task AddArpNeighborsAsync(AddARPNeighborsRequest request, CancellationToken cancellationToken) =>
        CallAsync("AddARPNeighbors", _service.AddARPNeighborsAsync, request, cancellationToken);

    /// <summary>Reads the counters of a container.</summary>
    public Task<StatsContainerResponse> StatsContainerAsync(StatsContainerRequest request, CancellationToken cancellationToken) =>
        CallAsync("StatsContainer", _service.StatsContainerAsync, request, cancellationToken);

    /// <summary>Asks what the guest is.</summary>
    public Task<GuestDetailsResponse> GetGuestDetailsAsync(GuestDetailsRequest request, CancellationToken cancellationToken) =>
        CallAsync("GetGuestDetails", _service.GetGuestDetailsAsync, request, cancellationToken);

    /// <summary>Brings hot-plugged CPUs and memory into use.</summary>
    public Task OnlineCpuMemAsync(OnlineCPUMemRequest request, CancellationToken cancellationToken) =>
        CallAsync("OnlineCPUMem", _service.OnlineCPUMemAsync, request, cancellationToken);

    /// <summary>Sets the policy that decides about later calls.</summary>
    public Task SetPolicyAsync(SetPolicyRequest request, CancellationToken cancellationToken) =>
        CallAsync("SetPolicy", _service.SetPolicyAsync, request, cancellationToken);

    /// <summary>Writes a file, directory or link in the guest.</summary>
    public Task CopyFileAsync(CopyFileRequest request, CancellationToken cancellationToken) =>
        CallAsync("CopyFile", _service.CopyFileAsync, request, cancellationToken);

    /// <summary>Reads diagnostic data of a container.</summary>
    public Task<GetDiagnosticDataResponse> GetDiagnosticDataAsync(GetDiagnosticDataRequest request, CancellationToken cancellationToken) =>
        CallAsync("GetDiagnosticData", _service.GetDiagnosticDataAsync, request, cancellationToken);

    /// <summary>Waits for the end of a process, without a time limit. To be called once per process.</summary>
    public Task<WaitProcessResponse> WaitProcessAsync(WaitProcessRequest request, CancellationToken cancellationToken) =>
        WaitAsync("WaitProcess", _service.WaitProcessAsync, request, cancellationToken);

    /// <summary>Writes to a process, without a time limit; empty data closes its standard input.</summary>
    public Task<WriteStreamResponse> WriteStdinAsync(WriteStreamRequest request, CancellationToken cancellationToken) =>
        WaitAsync("WriteStdin", _service.WriteStdinAsync, request, cancellationToken);

    /// <summary>Reads what a process wrote, without a time limit; empty data or an error is the end.</summary>
    public Task<OutputChunk> ReadStdoutAsync(ReadStreamRequest request, CancellationToken cancellationToken) =>
        ReadAsync(ReadStdoutMethod, request, cancellationToken);

    /// <summary>As <see cref="ReadStdoutAsync"/>, for standard error.</summary>
    public Task<OutputChunk> ReadStderrAsync(ReadStreamRequest request, CancellationToken cancellationToken) =>
        ReadAsync(ReadStderrMethod, request, cancellationToken);

    /// <summary>Waits for the next container that ran out of memory, without a time limit.</summary>
    public Task<OOMEvent> GetOomEventAsync(GetOOMEventRequest request, CancellationToken cancellationToken) =>
        WaitAsync("GetOOMEvent", _service.GetOOMEventAsync, request, cancellationToken);

    /// <summary>Asks whether the agent serves.</summary>
    public async Task<bool> CheckHealthAsync(CancellationToken cancellationToken)
    {
        var response = await LimitedAsync(
            "Check", _health.CheckAsync, new CheckRequest(), _configuration.HealthCheckTimeout, cancellationToken).ConfigureAwait(false);
        return response.Status == HealthCheckResponse.Types.ServingStatus.Serving;
    }

    /// <summary>Asks for the agent's version.</summary>
    public Task<VersionCheckResponse> GetVersionAsync(CancellationToken cancellationToken) =>
        LimitedAsync("Version", _health.VersionAsync, new CheckRequest(), _configuration.HealthCheckTimeout, cancellationToken);

    private Task<OutputChunk> ReadAsync(Method<ReadStreamRequest, OutputChunk> method, ReadStreamRequest request, CancellationToken cancellationToken) =>
        WaitAsync(method.Name, (message, options) => _channel.AsyncUnaryCall(method, null, options, message), request, cancellationToken);
}
