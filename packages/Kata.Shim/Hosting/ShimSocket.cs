using System.Text;
using Kata.Linux;
using Microsoft.Win32.SafeHandles;

namespace Kata.Shim.Hosting;

/// <summary>The socket a sandbox's daemon serves: one well-known path per (containerd, namespace, sandbox).</summary>
internal sealed class ShimSocket : IDisposable
{
    internal const string DefaultDirectory = "/run/containerd/s";
    private const string Scheme = "unix://";

    private ShimSocket(string path, SafeFileHandle? listener) => (Path, Listener) = (path, listener);

    internal string Path { get; }

    /// <summary>The listening socket; null when a daemon serves this sandbox already.</summary>
    internal SafeFileHandle? Listener { get; }

    /// <summary>What containerd dials.</summary>
    internal string Address => Scheme + Path;

    internal static string PathFor(ShimArguments arguments, string sandboxId, string directory = DefaultDirectory)
    {
        var name = $"{arguments.Address.TrimEnd('/')}/{arguments.Namespace}/{sandboxId}";
        return $"{directory}/{Sha256.HexDigest(Encoding.UTF8.GetBytes(name))}";
    }

    /// <summary>
    /// Listens at <paramref name="path"/>, or finds the daemon that does. Helpers that start the same sandbox at once agree on one listener.
    /// </summary>
    internal static ShimSocket ListenOrFind(string path)
    {
        var directory = System.IO.Path.GetDirectoryName(path)!;
        Directory.CreateDirectory(directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);

        // Without the lock two helpers could both find a stale socket, and the slower one would unlink the other's new socket.
        using var directoryLock = FileDescriptors.Open(directory, OpenFlags.ReadOnly | OpenFlags.Directory);
        FileLock.Acquire(directoryLock);
        try
        {
            return new ShimSocket(path, UnixSocket.Listen(path));
        }
        catch (LinuxException exception) when (exception.Errno == Errno.EADDRINUSE)
        {
            if (IsServed(path))
                return new ShimSocket(path, null);
            FileSystem.Unlink(path);
            return new ShimSocket(path, UnixSocket.Listen(path));
        }
    }

    /// <summary>Removes a socket that nobody listens on any more.</summary>
    /// <returns>False when a daemon serves it.</returns>
    internal static bool RemoveStale(string path)
    {
        if (IsServed(path))
            return false;
        FileSystem.Unlink(path);
        return true;
    }

    /// <summary>Whether somebody listens.</summary>
    internal static bool IsServed(string path)
    {
        try
        {
            UnixSocket.Connect(path).Dispose();
            return true;
        }
        catch (LinuxException exception) when (exception.Errno is Errno.ECONNREFUSED or Errno.ENOENT)
        {
            return false;
        }
    }

    /// <summary>Removes the socket, for a daemon that could not be started.</summary>
    internal void Abandon()
    {
        if (Listener is not null)
            FileSystem.Unlink(Path);
    }

    public void Dispose() => Listener?.Dispose();
}
