using Microsoft.Win32.SafeHandles;
using static Kata.Linux.Interop;

namespace Kata.Linux;

/// <summary>One thread that waits on the pidfds of all children and reaps them. It never touches children that others started.</summary>
internal static class ChildReaper
{
    private const int StackSize = 128 * 1024;

    private static readonly Lock Gate = new();
    private static readonly List<Entry> Entries = [];
    private static SafeFileHandle? s_wake;

    internal static Task<ExitStatus> WatchAsync(SafeFileHandle pidfd)
    {
        var entry = new Entry(pidfd, new TaskCompletionSource<ExitStatus>(TaskCreationOptions.RunContinuationsAsynchronously));
        lock (Gate)
        {
            Entries.Add(entry);
            if (s_wake is null)
            {
                s_wake = FileDescriptors.EventFd();
                new Thread(Run, StackSize) { IsBackground = true, Name = "kata-reaper" }.Start();
            }
        }

        FileDescriptors.Write(s_wake, BitConverter.GetBytes(1UL));
        return entry.Completion.Task;
    }

    private static void Run()
    {
        while (true)
        {
            Entry[] watched;
            lock (Gate)
                watched = [.. Entries];
            var ready = Wait(watched);
            foreach (var entry in ready)
            {
                if (TryReap(entry.Pidfd) is not { } status)
                    continue;
                lock (Gate)
                    Entries.Remove(entry);
                entry.Completion.SetResult(status);
            }
        }
    }

    private static unsafe List<Entry> Wait(Entry[] watched)
    {
        var descriptors = new PollDescriptor[watched.Length + 1];
        descriptors[0] = new PollDescriptor { Fd = (int)s_wake!.DangerousGetHandle(), Events = (short)PollEvents.Readable };
        for (var i = 0; i < watched.Length; i++)
            descriptors[i + 1] = new PollDescriptor { Fd = (int)watched[i].Pidfd.DangerousGetHandle(), Events = (short)PollEvents.Readable };
        fixed (PollDescriptor* pointer = descriptors)
        {
            // EINTR needs no care: the loop polls again.
            if (poll(pointer, (nuint)descriptors.Length, -1) < 0)
                return [];
        }

        if (descriptors[0].Revents != 0)
        {
            Span<byte> counter = stackalloc byte[8];
            FileDescriptors.Read(s_wake!, counter);
        }

        var ready = new List<Entry>();
        for (var i = 0; i < watched.Length; i++)
        {
            if (descriptors[i + 1].Revents != 0)
                ready.Add(watched[i]);
        }

        return ready;
    }

    private static unsafe ExitStatus? TryReap(SafeFileHandle pidfd)
    {
        const int CldExited = 1;
        SignalInfo info = default;
        if (waitid(P_PIDFD, (uint)pidfd.DangerousGetHandle(), &info, WEXITED | WNOHANG) != 0)
        {
            // ECHILD: somebody else reaped it, which cannot be undone; its status is lost but its end is not.
            return LinuxException.LastErrno == Errno.EINTR ? null : new ExitStatus(255, 0);
        }

        if (info.Pid == 0)
            return null;
        return info.Code == CldExited ? new ExitStatus(info.Status, 0) : new ExitStatus(0, info.Status);
    }

    private sealed record Entry(SafeFileHandle Pidfd, TaskCompletionSource<ExitStatus> Completion);
}
