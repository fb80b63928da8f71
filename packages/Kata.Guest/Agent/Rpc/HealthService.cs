using Grpc.Core;
using Kata.Protocols.Agent;
using Kata.Ttrpc;

namespace Kata.Guest.Agent.Rpc;

/// <summary>Tells the runtime that the agent is alive and which one it is.</summary>
internal sealed class HealthService : Health.HealthBase
{
    public override Task<HealthCheckResponse> Check(CheckRequest request, ServerCallContext context) =>
        Task.FromResult(new HealthCheckResponse { Status = HealthCheckResponse.Types.ServingStatus.Serving });

    public override Task<VersionCheckResponse> Version(CheckRequest request, ServerCallContext context) =>
        Task.FromResult(new VersionCheckResponse { GrpcVersion = AgentVersion.Protocol, AgentVersion = AgentVersion.Text });

    /// <summary>Binds the service.</summary>
    public void AddTo(TtrpcServer server)
    {
        server.AddMethod(Health.Methods.Check, Check);
        server.AddMethod(Health.Methods.Version, Version);
    }
}
