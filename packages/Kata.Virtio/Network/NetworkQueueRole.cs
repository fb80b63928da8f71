namespace Kata.Virtio.Network;

internal enum NetworkQueueRole
{
    /// <summary>No queue with what was negotiated.</summary>
    None,
    Receive,
    Transmit,
    Control,
}
