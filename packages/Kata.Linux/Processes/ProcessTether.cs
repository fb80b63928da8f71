using Microsoft.Win32.SafeHandles;
using static Kata.Linux.Interop;

namespace Kata.Linux;

/// <summary>
/// Kills a process when this one ends, however it ends: the kernel sends SIGKILL to the process when the last holder of the near end
/// of a pipe is gone. Unlike PR_SET_PDEATHSIG it does not depend on a thread that has to live on, and needs no help from the child.
/// </summary>
public sealed class ProcessTether : IDisposable
{
    private const int F_SETOWN = 8;
    private const int F_SETSIG = 10;
    private const int O_ASYNC = 0x2000;

    private readonly SafeFileHandle _near;

    /// <summary>Makes a tether that holds nothing yet.</summary>
    public ProcessTether() => (FarEnd, _near) = FileDescriptors.Pipe();

    /// <summary>The end to hand to the child with <see cref="ChildProcessOptions.Descriptors"/>, under any number that it does not use.</summary>
    public SafeFileHandle FarEnd { get; }

    /// <summary>Ties <paramref name="child"/>, which must have been started with <see cref="FarEnd"/>. One that has ended already needs no tie.</summary>
    public void Attach(ChildProcess child)
    {
        // The owner and its signal belong to the open file, which lives on in the child after this end is closed.
        LinuxException.Check(fcntl(FarEnd, F_SETSIG, (int)Signal.SIGKILL), "fcntl", "F_SETSIG");
        if (fcntl(FarEnd, F_SETOWN, child.Id) == 0)
            LinuxException.Check(fcntl(FarEnd, F_SETFL, O_ASYNC), "fcntl", "O_ASYNC");
        else if (LinuxException.LastErrno != Errno.ESRCH)
            throw LinuxException.FromLastError("fcntl", "F_SETOWN");
        FarEnd.Dispose();
    }

    /// <summary>Lets go: a child that still runs is killed.</summary>
    public void Dispose()
    {
        FarEnd.Dispose();
        _near.Dispose();
    }
}
