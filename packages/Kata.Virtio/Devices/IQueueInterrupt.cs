namespace Kata.Virtio.Devices;

/// <summary>Tells the driver that a queue has used buffers. Supplied by the transport.</summary>
internal interface IQueueInterrupt
{
    void Signal();
}
