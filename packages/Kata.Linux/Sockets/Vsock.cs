using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using static Kata.Linux.Interop;

namespace Kata.Linux;

/// <summary>AF_VSOCK stream sockets (vsock(7)). Accept with <see cref="UnixSocket.Accept"/>.</summary>
public static class Vsock
{
    /// <summary>VMADDR_CID_HOST: the host, seen from a guest.</summary>
    public const uint HostCid = 2;

    /// <summary>VMADDR_CID_ANY: any address, for listening.</summary>
    public const uint AnyCid = uint.MaxValue;

    /// <summary>Connects, blocking the calling thread until the peer answers or the kernel's two second limit is over.</summary>
    /// <exception cref="LinuxException">ECONNRESET or ECONNREFUSED when nobody listens; ETIMEDOUT; ENODEV without a transport.</exception>
    public static unsafe SafeFileHandle Connect(uint cid, uint port)
    {
        var handle = UnixSocket.NewSocket(AF_VSOCK);
        try
        {
            var address = new VsockAddress { Family = AF_VSOCK, Cid = cid, Port = port };
            while (connect(handle, &address, (uint)sizeof(VsockAddress)) != 0)
            {
                if (LinuxException.LastErrno != Errno.EINTR)
                    throw LinuxException.FromLastError("connect", $"vsock://{cid}:{port}");
            }

            return handle;
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    /// <summary>Listens on a port of every address of this machine.</summary>
    public static unsafe SafeFileHandle Listen(uint port, int backlog = 128)
    {
        var handle = UnixSocket.NewSocket(AF_VSOCK);
        try
        {
            var address = new VsockAddress { Family = AF_VSOCK, Cid = AnyCid, Port = port };
            LinuxException.Check(bind(handle, &address, (uint)sizeof(VsockAddress)), "bind", $"vsock port {port}");
            LinuxException.Check(listen(handle, backlog), "listen", $"vsock port {port}");
            return handle;
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }
}
