using Kata.Linux;
using Microsoft.Win32.SafeHandles;

namespace Kata.Shim.Hosting;

/// <summary>
/// The bundle's <c>log</c>: a fifo that containerd copies into its own log. Writing never blocks and never fails: a line that finds the
/// fifo full or gone is dropped.
/// </summary>
internal sealed class LogFile : IDisposable
{
    private readonly SafeFileHandle? _file;

    private LogFile(SafeFileHandle? file) => _file = file;

    /// <summary>Opens the log of a bundle. Launchers other than containerd leave it out or make it a link to a device or file.</summary>
    internal static LogFile Open(string bundle)
    {
        var path = Path.Combine(bundle, "log");
        try
        {
            if (FileDescriptors.Status(path) is not { } status)
                return new LogFile(null);
            // Open for reading as well, a fifo never has a broken end, and survives a restart of containerd.
            var access = status.Kind == FileKind.Fifo ? OpenFlags.ReadWrite : OpenFlags.WriteOnly | OpenFlags.Append;
            return new LogFile(FileDescriptors.Open(path, access | OpenFlags.NonBlocking | OpenFlags.NoControllingTerminal));
        }
        catch (LinuxException)
        {
            return new LogFile(null);
        }
    }

    /// <summary>Writes a line of at most PIPE_BUF (4096) bytes in one piece, or drops it.</summary>
    internal void Write(ReadOnlySpan<byte> line)
    {
        try
        {
            if (_file is not null)
                FileDescriptors.Write(_file, line);
        }
        catch (LinuxException)
        {
            // Nowhere left to report to.
        }
    }

    public void Dispose() => _file?.Dispose();
}
