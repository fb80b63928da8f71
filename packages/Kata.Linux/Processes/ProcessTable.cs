using System.Globalization;
using Microsoft.Win32.SafeHandles;
using static Kata.Linux.Interop;

namespace Kata.Linux;

/// <summary>Processes by pid, also those that are not our children.</summary>
public static class ProcessTable
{
    /// <summary>Field 22 of <c>/proc/PID/stat</c>: clock ticks since boot at which the process started; null when there is none.</summary>
    public static ulong? StartTimeOf(int pid)
    {
        string stat;
        try
        {
            stat = File.ReadAllText($"/proc/{pid}/stat");
        }
        catch (IOException)
        {
            return null;
        }

        // The command name, field 2, is in parentheses and may itself contain spaces and parentheses.
        var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        const int StateField = 3, ThreadsField = 20, StartTimeField = 22;
        // A zombie has ended already: it waits for its parent only. While other threads of it are still ending, its files are open.
        return fields[0] is "Z" or "X" && fields[ThreadsField - StateField] is "0" or "1" ? null : ulong.Parse(fields[StartTimeField - StateField], CultureInfo.InvariantCulture);
    }

    /// <summary>
    /// Kills the process with this pid and start time and waits for its end. Does nothing when it is gone or the pid is somebody else's now.
    /// </summary>
    /// <returns>False when it did not end within <paramref name="timeout"/>.</returns>
    public static bool KillAndWait(int pid, ulong startTime, TimeSpan timeout)
    {
        if (pid <= 1)
            return true;
        var fd = pidfd_open(SYS_pidfd_open, pid, 0);
        if (fd < 0)
            return LinuxException.LastErrno is Errno.ESRCH or Errno.EINVAL ? true : throw LinuxException.FromLastError("pidfd_open", $"{pid}");
        using var pidfd = new SafeFileHandle(fd, ownsHandle: true);
        // Checked after the pidfd is open: from here on the pid cannot be reused unnoticed.
        if (StartTimeOf(pid) != startTime)
            return true;
        return !SendSignal(pidfd, Signal.SIGKILL) || FileDescriptors.Poll(pidfd, PollEvents.Readable, timeout) != PollEvents.None;
    }

    /// <summary>kill(2); false when there is no such process.</summary>
    public static bool SendSignal(int pid, Signal signal) =>
        kill(pid, (int)signal) == 0 || (LinuxException.LastErrno == Errno.ESRCH ? false : throw LinuxException.FromLastError("kill", $"{pid}"));

    internal static bool SendSignal(SafeFileHandle pidfd, Signal signal) =>
        pidfd_send_signal(SYS_pidfd_send_signal, pidfd, (int)signal, 0, 0) == 0
        || (LinuxException.LastErrno == Errno.ESRCH ? false : throw LinuxException.FromLastError("pidfd_send_signal"));
}
