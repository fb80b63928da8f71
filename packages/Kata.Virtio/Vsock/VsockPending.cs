namespace Kata.Virtio.Vsock;

/// <summary>Control packets that a stream owes the guest.</summary>
[Flags]
internal enum VsockPending
{
    None = 0,
    Request = 1,
    Response = 2,
    Shutdown = 4,
    CreditUpdate = 8,
}
