using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Kata.Linux;

/// <summary>Pseudo-terminals.</summary>
public static class Terminal
{
    /// <summary>Opens a new pseudo-terminal: its master and the path of its other side.</summary>
    public static unsafe (SafeFileHandle Master, string SlavePath) Open()
    {
        var master = FileDescriptors.Open("/dev/ptmx", OpenFlags.ReadWrite | OpenFlags.NoControllingTerminal);
        try
        {
            var unlocked = 0;
            LinuxException.Check(Interop.ioctl(master, Interop.TIOCSPTLCK, &unlocked), "ioctl", "TIOCSPTLCK");
            int number;
            LinuxException.Check(Interop.ioctl(master, Interop.TIOCGPTN, &number), "ioctl", "TIOCGPTN");
            return (master, $"/dev/pts/{number}");
        }
        catch
        {
            master.Dispose();
            throw;
        }
    }

    /// <summary>Sets the window size of a terminal (TIOCSWINSZ).</summary>
    public static unsafe void Resize(SafeHandle terminal, ushort rows, ushort columns)
    {
        var size = new Interop.WindowSize { Rows = rows, Columns = columns };
        LinuxException.Check(Interop.ioctl(terminal, Interop.TIOCSWINSZ, &size), "ioctl", "TIOCSWINSZ");
    }
}
