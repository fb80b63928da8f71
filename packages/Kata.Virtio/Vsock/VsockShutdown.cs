namespace Kata.Virtio.Vsock;

/// <summary>Flags of a SHUTDOWN packet, seen from its sender.</summary>
[Flags]
internal enum VsockShutdown : uint
{
    None = 0,
    NoMoreReceive = 1,
    NoMoreSend = 2,
    Both = NoMoreReceive | NoMoreSend,
}
