using Grpc.Core;
using Kata.Protocols.Agent;

namespace Kata.Shim.Tests.Fakes;

internal sealed class FakeHealth : Health.HealthBase
{
    public override Task<HealthCheckResponse> Check(CheckRequest request, ServerCallContext context) =>
        Task.FromResult(new HealthCheckResponse { Status = HealthCheckResponse.Types.ServingStatus.Serving });
}
