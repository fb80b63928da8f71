using Kata.Linux;

namespace Kata.Shim.Resources.Network;

/// <summary>
/// A network namespace made for a sandbox whose client did not bring one. It is bound to a file, and this process sees that mount only:
/// the namespace is gone when the last process in it and this one have ended.
/// </summary>
internal static class OwnedNetworkNamespace
{
    /// <summary>Makes one at a path.</summary>
    public static void Create(string path)
    {
        File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write).Dispose();
        // The thread's own namespace has a name as long as the thread lives, which is long enough to bind it.
        Namespaces.RunInNew(NamespaceKinds.Network, () =>
        {
            MountPoint.Bind("/proc/thread-self/ns/net", path);
            return 0;
        });
    }

    /// <summary>Removes it. Does nothing when there is none.</summary>
    public static void Remove(string path)
    {
        if (!File.Exists(path))
            return;
        MountPoint.Unmount(path, detach: true);
        FileSystem.Unlink(path);
    }
}
