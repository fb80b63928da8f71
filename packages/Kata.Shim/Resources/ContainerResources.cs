using Kata.Protocols.Agent;

namespace Kata.Shim.Resources;

/// <summary>What one container holds on the host. Disposing it gives everything back; failures are logged.</summary>
internal sealed class ContainerResources : IAsyncDisposable
{
    private readonly Teardown _teardown;

    internal ContainerResources(CreateContainerRequest request, Teardown teardown) => (CreateContainerRequest, _teardown) = (request, teardown);

    /// <summary>The complete request for the agent.</summary>
    public CreateContainerRequest CreateContainerRequest { get; }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _teardown.DisposeAsync();
}
