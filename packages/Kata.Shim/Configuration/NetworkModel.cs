namespace Kata.Shim.Configuration;

/// <summary>How the network interface of the pod becomes the guest's (<c>internetworking_model</c>).</summary>
internal enum NetworkModel
{
    /// <summary>A TAP device per interface, joined with traffic control redirects.</summary>
    TcFilter,

    /// <summary>The guest gets no network.</summary>
    None,
}
