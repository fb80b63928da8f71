using System.Runtime.InteropServices;
using Kata.Linux;

namespace Kata.Shim.Runtime.Io;

/// <summary>
/// Bytes from a fifo, a file or a socket, such as the standard input of a process. While a write end of our own is open, a fifo's clients
/// may come and go; after <see cref="CloseWriter"/> the input ends as soon as no client has it open any more.
/// </summary>
internal sealed class InputStream : IDisposable
{
    private readonly SafeHandle _reader;
    private readonly SafeHandle? _keepWriter;
    private readonly Readiness? _readiness;

    private InputStream(SafeHandle reader, SafeHandle? keepWriter)
    {
        _reader = reader;
        _keepWriter = keepWriter;
        _readiness = ReadinessPoller.Shared.TryWatch(reader);
    }

    /// <summary>Opens a fifo that the client made, or a file or device.</summary>
    /// <exception cref="LinuxException">The path cannot be opened.</exception>
    internal static InputStream Open(string path)
    {
        var reader = FileDescriptors.Open(path, OpenFlags.ReadOnly | OpenFlags.NonBlocking | OpenFlags.NoControllingTerminal);
        try
        {
            var isFifo = FileDescriptors.Status(reader).Kind == FileKind.Fifo;
            return new(reader, isFifo ? FileDescriptors.Open(path, OpenFlags.WriteOnly | OpenFlags.NonBlocking) : null);
        }
        catch
        {
            reader.Dispose();
            throw;
        }
    }

    /// <summary>Reads from a socket, which becomes non-blocking and is disposed with this.</summary>
    internal static InputStream From(SafeHandle socket)
    {
        FileDescriptors.SetNonBlocking(socket, true);
        return new(socket, null);
    }

    /// <summary>Waits for bytes. Returns 0 at the end of the input, or after disposal.</summary>
    internal async ValueTask<int> ReadAsync(Memory<byte> buffer)
    {
        while (true)
        {
            int count;
            try
            {
                count = FileDescriptors.Read(_reader, buffer.Span);
            }
            catch (Exception exception) when (exception is ObjectDisposedException or LinuxException)
            {
                return 0;
            }

            if (count >= 0)
                return count;
            if (_readiness is null || !await _readiness.WaitAsync(EpollEvents.Readable))
                return 0;
        }
    }

    /// <summary>Gives up the write end of our own. Never waits; does nothing the second time.</summary>
    internal void CloseWriter() => _keepWriter?.Dispose();

    public void Dispose()
    {
        _readiness?.Dispose();
        _reader.Dispose();
        _keepWriter?.Dispose();
    }
}
