namespace Kata.Ttrpc;

/// <summary>How a <see cref="TtrpcAddress"/> is reached.</summary>
public enum TtrpcAddressKind
{
    /// <summary>A unix socket: <c>unix:///path</c>, or just the path.</summary>
    Unix,

    /// <summary>An AF_VSOCK socket: <c>vsock://CID:PORT</c>.</summary>
    Vsock,

    /// <summary>
    /// A guest's vsock port behind a unix socket of the VMM: <c>hvsock:///path:PORT</c>. The client says <c>CONNECT PORT</c> first;
    /// the VMM turns connections from the guest into connections to the unix socket <c>/path_PORT</c>, which is where a server listens.
    /// </summary>
    HybridVsock,
}
