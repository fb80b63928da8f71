using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Kata.Protocols.Agent;

namespace Kata.Guest.Agent.Rpc;

internal sealed partial class GuestAgentService
{
    public override Task<Empty> UpdateEphemeralMounts(UpdateEphemeralMountsRequest request, ServerCallContext context) =>
        throw AgentException.Unimplemented("This agent does not resize ephemeral mounts.");

    public override Task<Empty> RemoveStaleVirtiofsShareMounts(RemoveStaleVirtiofsShareMountsRequest request, ServerCallContext context) =>
        throw AgentException.Unimplemented("This agent does not look for stale shared mounts.");

    public override Task<GetIPTablesResponse> GetIPTables(GetIPTablesRequest request, ServerCallContext context) =>
        throw AgentException.Unimplemented("This guest has no iptables.");

    public override Task<SetIPTablesResponse> SetIPTables(SetIPTablesRequest request, ServerCallContext context) =>
        throw AgentException.Unimplemented("This guest has no iptables.");

    public override Task<Empty> ResizeVolume(ResizeVolumeRequest request, ServerCallContext context) =>
        throw AgentException.Unimplemented("This agent does not resize volumes.");

    public override Task<Empty> SetPolicy(SetPolicyRequest request, ServerCallContext context) =>
        throw AgentException.Unimplemented("This agent has no policy engine.");

    public override Task<Empty> MemAgentMemcgSet(MemAgentMemcgConfig request, ServerCallContext context) =>
        throw AgentException.Unimplemented("This agent has no memory agent.");

    public override Task<Empty> MemAgentCompactSet(MemAgentCompactConfig request, ServerCallContext context) =>
        throw AgentException.Unimplemented("This agent has no memory agent.");
}
