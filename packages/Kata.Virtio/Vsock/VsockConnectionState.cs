namespace Kata.Virtio.Vsock;

internal enum VsockConnectionState
{
    /// <summary>A host client has connected; its CONNECT line is not complete.</summary>
    Handshake,

    /// <summary>The line is complete; the guest's driver is not up yet.</summary>
    Held,

    /// <summary>A REQUEST is on its way to the guest.</summary>
    Connecting,

    Established,

    /// <summary>The guest is done with the stream; what it sent still goes to the host socket.</summary>
    Draining,

    Closed,
}
