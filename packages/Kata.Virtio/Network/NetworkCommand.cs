using System.Buffers.Binary;
using Kata.Virtio.Memory;
using Kata.Virtio.Queues;

namespace Kata.Virtio.Network;

/// <summary>Commands of the control queue (virtio 1.2, 5.1.6.5): class, command, data; then one byte to write the answer into.</summary>
internal static class NetworkCommand
{
    private const byte Ok = 0, Error = 1;
    private const byte ReceiveClass = 0, MacClass = 1, MultiQueueClass = 4, GuestOffloadsClass = 5;
    private const byte SetMacTable = 0, SetMacAddress = 1;
    private const byte LastReceiveMode = 5;

    /// <summary>The longest command whose data matters: an address or 64 feature bits.</summary>
    private const int MaxBytes = 2 + 8;

    /// <summary>Executes a command and answers it. Returns the bytes written into the chain.</summary>
    public static uint Execute(NetworkDevice device, BufferList buffers, in DescriptorChain chain)
    {
        Span<byte> command = stackalloc byte[MaxBytes];
        command = command[..buffers.CopyTo(chain.ReadableStart, chain.ReadableCount, 0, command)];
        var answer = command.Length > 2 && Execute(device, command[0], command[1], command[2..]) ? Ok : Error;
        return (uint)buffers.CopyFrom(chain.WritableStart, chain.WritableCount, [answer]);
    }

    private static bool Execute(NetworkDevice device, byte kind, byte command, ReadOnlySpan<byte> data) => (kind, command) switch
    {
        // The TAP device delivers what its namespace sends to this guest: there is nothing to filter.
        (ReceiveClass, <= LastReceiveMode) => device.Has(NetworkFeatures.ControlReceive),
        (MacClass, SetMacTable) => device.Has(NetworkFeatures.ControlReceive),
        (MacClass, SetMacAddress) => device.Has(NetworkFeatures.ControlMacAddress) && data.Length >= 6 && device.SetMacAddress(data[..6]),
        (MultiQueueClass, 0) => device.Has(NetworkFeatures.MultiQueue) && data.Length >= 2
            && device.SetQueuePairs(BinaryPrimitives.ReadUInt16LittleEndian(data)),
        (GuestOffloadsClass, 0) => device.Has(NetworkFeatures.ControlGuestOffloads) && data.Length == 8
            && device.SetGuestOffloads(BinaryPrimitives.ReadUInt64LittleEndian(data)),
        _ => false,
    };
}
