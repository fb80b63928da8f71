using System.Globalization;
using Microsoft.Win32.SafeHandles;

namespace Kata.Linux;

/// <summary>
/// A child that this process did not start: its parent ended and left it behind (to PID 1 or to a subreaper,
/// <see cref="CurrentProcess.BecomeSubreaper"/>). It stays a zombie until it is adopted, so adopting one that has ended is no race.
/// </summary>
public sealed class AdoptedProcess : IDisposable
{
    private readonly SafeFileHandle _pidfd;

    private AdoptedProcess(int pid, SafeFileHandle pidfd)
    {
        Id = pid;
        _pidfd = pidfd;
        Exited = ChildReaper.WatchAsync(pidfd);
    }

    /// <summary>The process id.</summary>
    public int Id { get; }

    /// <summary>Completes when the process has ended and is reaped. Never faults.</summary>
    public Task<ExitStatus> Exited { get; }

    /// <summary>Takes over a child whose parent has ended.</summary>
    /// <exception cref="LinuxException">ESRCH when there is no such process.</exception>
    public static AdoptedProcess Adopt(int pid) => new(pid, ChildProcess.OpenPidfd(pid));

    /// <summary>
    /// The ids of this process's children, started or inherited, running or ended. None on a kernel without
    /// <c>/proc/PID/task/TID/children</c> (CONFIG_PROC_CHILDREN).
    /// </summary>
    public static IReadOnlyList<int> ListChildren() => [.. Directory.EnumerateDirectories("/proc/self/task").SelectMany(ChildrenOf)];

    /// <summary>Sends a signal; false when the process has ended already.</summary>
    public bool Kill(int signal) => ProcessTable.SendSignal(_pidfd, (Signal)signal);

    /// <summary>Releases the descriptor of the process. It goes on and is still reaped.</summary>
    public void Dispose()
    {
        // The reaper waits on the same descriptor: it is closed when the process has been reaped.
        if (Exited.IsCompleted)
            _pidfd.Dispose();
        else
            _ = Exited.ContinueWith(static (_, state) => ((SafeFileHandle)state!).Dispose(), _pidfd, TaskScheduler.Default);
    }

    private static IEnumerable<int> ChildrenOf(string thread)
    {
        string list;
        try
        {
            list = File.ReadAllText(thread + "/children");
        }
        catch (IOException)
        {
            // The thread has ended meanwhile, and its children are in another thread's list.
            return [];
        }

        return list.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(pid => int.Parse(pid, CultureInfo.InvariantCulture));
    }
}
