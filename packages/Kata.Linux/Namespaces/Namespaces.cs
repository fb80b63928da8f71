using static Kata.Linux.Interop;

namespace Kata.Linux;

/// <summary>Namespaces of Linux. They belong to a thread: what is done in another one runs on a thread of its own that is thrown away.</summary>
public static class Namespaces
{
    private const int CLONE_FS = 0x200;

    /// <summary>
    /// unshare(2) for the calling thread, for good: only for a thread that is about to end or to exec, never a pool thread. Children
    /// started by this thread live in the new namespaces.
    /// </summary>
    public static void Unshare(NamespaceKinds kinds) => LinuxException.Check(unshare((int)kinds), "unshare", kinds.ToString());

    /// <summary>
    /// setns(2) for the calling thread, for good: only for a thread of one's own, never a pool thread. Threads and children started by this
    /// thread live in the namespace, too. Not for mount and user namespaces.
    /// </summary>
    /// <exception cref="LinuxException">ENOENT when there is no such file; EINVAL when it is no namespace of this kind.</exception>
    public static void Enter(string path, NamespaceKinds kind)
    {
        using var descriptor = FileDescriptors.Open(path, OpenFlags.ReadOnly);
        LinuxException.Check(setns(descriptor, (int)kind), "setns", path);
    }

    /// <summary>Runs <paramref name="action"/> inside the namespace at <paramref name="path"/> on a thread of its own.</summary>
    /// <exception cref="LinuxException">ENOENT when there is no such file; EINVAL when it is no namespace of this kind.</exception>
    public static T RunIn<T>(string path, NamespaceKinds kind, Func<T> action)
    {
        using var descriptor = FileDescriptors.Open(path, OpenFlags.ReadOnly);
        return OnOwnThread(() =>
        {
            // setns(2) refuses a mount namespace while the thread shares its root and working directory with others.
            if (kind == NamespaceKinds.Mount)
                LinuxException.Check(unshare(CLONE_FS), "unshare", "CLONE_FS");
            LinuxException.Check(setns(descriptor, (int)kind), "setns", path);
            return action();
        });
    }

    /// <summary>Runs <paramref name="action"/> on a thread of its own with new namespaces.</summary>
    public static T RunInNew<T>(NamespaceKinds kinds, Func<T> action) => OnOwnThread(() =>
    {
        Unshare(kinds);
        return action();
    });

    private static T OnOwnThread<T>(Func<T> action)
    {
        T? result = default;
        System.Runtime.ExceptionServices.ExceptionDispatchInfo? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                result = action();
            }
#pragma warning disable CA1031 // Rethrown on the caller's thread.
            catch (Exception exception)
#pragma warning restore CA1031
            {
                failure = System.Runtime.ExceptionServices.ExceptionDispatchInfo.Capture(exception);
            }
        })
        {
            Name = "kata-namespace",
            IsBackground = true,
        };
        thread.Start();
        thread.Join();
        failure?.Throw();
        return result!;
    }
}
