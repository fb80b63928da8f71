using System.Runtime.InteropServices;
using Kata.Virtio.Events;
using Kata.Virtio.Memory;
using Kata.Virtio.Queues;

namespace Kata.Virtio.Devices;

/// <summary>
/// A device whose queues somebody else serves: another process (vhost-user) or the host's kernel (vhost). It has one thread for what is
/// left to do here, of which it is the client; all calls come on that.
/// </summary>
internal interface IDelegatedDevice : IVirtioDevice, IEventLoopClient
{
    /// <summary>
    /// The guest's memory: once when the device is put behind its transport, before any thread runs, and again when regions came or went.
    /// </summary>
    /// <exception cref="InvalidOperationException">Whoever serves the queues cannot map it: the message names the region.</exception>
    void SetMemory(GuestMemory memory);

    /// <summary>Hands a queue over. It goes on where <see cref="StopQueue"/> left it, or from its beginning after a reset.</summary>
    /// <param name="index">The queue.</param>
    /// <param name="layout">Where the driver put it.</param>
    /// <param name="kick">The eventfd of the driver's notifications.</param>
    /// <param name="call">The eventfd that interrupts the driver.</param>
    void StartQueue(int index, in QueueLayout layout, SafeHandle kick, SafeHandle call);

    /// <summary>Takes a queue back: when this returns, nobody touches it.</summary>
    void StopQueue(int index);
}
