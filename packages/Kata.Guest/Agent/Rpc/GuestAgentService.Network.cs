using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Kata.Guest.Agent.Network;
using Kata.Protocols.Agent;

namespace Kata.Guest.Agent.Rpc;

internal sealed partial class GuestAgentService
{
    public override async Task<Interface> UpdateInterface(UpdateInterfaceRequest request, ServerCallContext context)
    {
        var wanted = request.Interface ?? throw AgentException.Invalid("The request has no interface.");
        await _parts.Network.UpdateInterfaceAsync(wanted, context.CancellationToken);
        return wanted;
    }

    public override Task<Routes> UpdateRoutes(UpdateRoutesRequest request, ServerCallContext context)
    {
        GuestNetwork.AddRoutes(request.Routes?.Routes_ ?? throw AgentException.Invalid("The request has no routes."));
        return Task.FromResult(GuestNetwork.ListRoutes());
    }

    public override Task<Empty> AddARPNeighbors(AddARPNeighborsRequest request, ServerCallContext context)
    {
        GuestNetwork.AddNeighbors(request.Neighbors?.ARPNeighbors_ ?? throw AgentException.Invalid("The request has no neighbours."));
        return Task.FromResult(_empty);
    }

    public override Task<Interfaces> ListInterfaces(ListInterfacesRequest request, ServerCallContext context) =>
        Task.FromResult(GuestNetwork.ListInterfaces());

    public override Task<Routes> ListRoutes(ListRoutesRequest request, ServerCallContext context) => Task.FromResult(GuestNetwork.ListRoutes());
}
