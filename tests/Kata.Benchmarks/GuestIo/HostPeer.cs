using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Kata.Linux;
using Kata.Linux.Netlink;
using Microsoft.Win32.SafeHandles;

namespace Kata.Benchmarks.GuestIo;

/// <summary>The host's end of the guest's streams. The first byte says what it does with the others: echo, sink, or give.</summary>
internal static class HostPeer
{
    /// <summary>The port of all its listeners.</summary>
    public const int Port = 1024;

    private const string Tap = "tap0";
    private const int ChunkBytes = 1 << 16;

    /// <summary>Kept, because its finalizer closes the descriptor that the accepting thread uses.</summary>
    private static readonly Socket Tcp = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

    /// <summary>Makes the TAP device, with the host's address, in the namespace of the process. Returns its name.</summary>
    public static string CreateTap()
    {
        PersistentTap.Create(Tap, multiQueue: false);
        using var configurator = new NetworkConfigurator();
        var index = configurator.ListLinks().Single(link => link.Name == Tap).Index;
        configurator.BringUp(index, 1500);
        configurator.AddAddress(index, IPAddress.Parse("10.1.0.1"), 24);
        return Tap;
    }

    /// <summary>Listens on TCP, on the host's vsock, and where a hybrid socket puts the guest's connections; as long as the process lives.</summary>
    /// <param name="hybridSocket">The path of the hybrid socket.</param>
    public static void Listen(string hybridSocket)
    {
        Tcp.Bind(new IPEndPoint(IPAddress.Any, Port));
        Tcp.Listen();
        foreach (SafeHandle listener in (SafeHandle[])[Tcp.SafeHandle, Kata.Linux.Vsock.Listen(Port), UnixSocket.Listen($"{hybridSocket}_{Port}")])
            Start(() => Accept(listener));
    }

    private static void Accept(SafeHandle listener)
    {
        while (true)
        {
            if (UnixSocket.Accept(listener) is { } stream)
                Start(() => Serve(stream));
        }
    }

    private static void Serve(SafeFileHandle stream)
    {
        using (stream)
        {
            try
            {
                var buffer = new byte[ChunkBytes];
                if (FileDescriptors.Read(stream, buffer.AsSpan(0, 1)) == 1)
                    Serve(stream, (char)buffer[0], buffer);
            }
            catch (LinuxException)
            {
                // The guest has ended the stream, or was ended.
            }
        }
    }

    private static void Serve(SafeFileHandle stream, char service, byte[] buffer)
    {
        if (service == 'g')
        {
            while (true)
                FileDescriptors.WriteAll(stream, buffer);
        }

        while (FileDescriptors.Read(stream, buffer) is var count and > 0)
        {
            if (service == 'e')
                FileDescriptors.WriteAll(stream, buffer.AsSpan(0, count));
        }
    }

    private static void Start(ThreadStart action) => new Thread(action) { IsBackground = true }.Start();
}
