using System.Net.Sockets;
using Microsoft.Win32.SafeHandles;

namespace Kata.Hypervisors.External.Qemu;

/// <summary>Turns the descriptor of a connected socket into a <see cref="Socket"/>, for asynchronous reads.</summary>
internal static class SocketAdapter
{
    /// <summary>Takes over the descriptor.</summary>
    public static Socket Adopt(SafeFileHandle descriptor)
    {
        var handle = new SafeSocketHandle(descriptor.DangerousGetHandle(), ownsHandle: true);
        descriptor.SetHandleAsInvalid();
        return new Socket(handle);
    }
}
