using System.Runtime.ExceptionServices;

namespace Kata.Linux;

/// <summary>Work with relative paths, without moving the whole process.</summary>
public static class WorkingDirectory
{
    private const int CLONE_FS = 0x200;
    private const int StackSize = 128 * 1024;

    /// <summary>Runs <paramref name="action"/> in a directory, on a thread of its own that has its own working directory.</summary>
    /// <exception cref="LinuxException">The directory cannot be entered, or what the action throws.</exception>
    public static void RunIn(string directory, Action action)
    {
        ExceptionDispatchInfo? failure = null;
        var thread = new Thread(
            () =>
            {
                try
                {
                    LinuxException.Check(Interop.unshare(CLONE_FS), "unshare", "CLONE_FS");
                    LinuxException.Check(Interop.chdir(directory), "chdir", directory);
                    action();
                }
#pragma warning disable CA1031 // Rethrown on the caller's thread.
                catch (Exception exception)
#pragma warning restore CA1031
                {
                    failure = ExceptionDispatchInfo.Capture(exception);
                }
            },
            StackSize)
        {
            IsBackground = true,
            Name = "kata-directory",
        };
        thread.Start();
        thread.Join();
        failure?.Throw();
    }
}
