namespace Kata.Abstractions;

/// <summary>How the host reaches a port of the guest.</summary>
public abstract record GuestEndpoint
{
    private protected GuestEndpoint()
    {
    }

    /// <summary>The address of a guest port in containerd's notation, e.g. <c>vsock://3:1024</c>.</summary>
    public abstract string ForPort(uint port);
}

/// <summary>A guest behind the host kernel's vhost-vsock: an AF_VSOCK stream to (<paramref name="Cid"/>, port).</summary>
/// <param name="Cid">The guest's context id, 3 or higher.</param>
public sealed record VsockGuestEndpoint(uint Cid) : GuestEndpoint
{
    /// <inheritdoc/>
    public override string ForPort(uint port) => $"vsock://{Cid}:{port}";
}

/// <summary>
/// A guest behind a hybrid vsock: a unix socket that expects <c>CONNECT port\n</c> and answers <c>OK hostport\n</c> before the stream begins.
/// </summary>
/// <param name="SocketPath">Absolute path of the unix socket.</param>
public sealed record HybridVsockGuestEndpoint(string SocketPath) : GuestEndpoint
{
    /// <inheritdoc/>
    public override string ForPort(uint port) => $"hvsock://{SocketPath}:{port}";
}

/// <summary>A guest whose agent is reached by a plain unix socket (remote hypervisors); there are no other ports.</summary>
/// <param name="SocketPath">Absolute path of the unix socket.</param>
public sealed record UnixGuestEndpoint(string SocketPath) : GuestEndpoint
{
    /// <inheritdoc/>
    public override string ForPort(uint port) => $"unix://{SocketPath}";
}
