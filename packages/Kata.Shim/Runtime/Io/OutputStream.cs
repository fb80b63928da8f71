using System.Runtime.InteropServices;
using Kata.Linux;

namespace Kata.Shim.Runtime.Io;

/// <summary>
/// Where an output stream of a process goes: a fifo, pipe, file or nowhere. Writing waits for room without blocking a thread; a reader that
/// is gone for good turns it into nowhere, as the process must not notice.
/// </summary>
internal sealed class OutputStream : IDisposable
{
    /// <summary>After this long without room the reader counts as gone for now.</summary>
    private static readonly TimeSpan StallTime = TimeSpan.FromSeconds(10);

    private readonly SafeHandle? _writer;
    private readonly SafeHandle? _keepReader;
    private readonly TaskCompletionSource _stalled = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Readiness? _readiness;
    private bool _finished;

    private OutputStream(SafeHandle? writer, SafeHandle? keepReader)
    {
        _writer = writer;
        _keepReader = keepReader;
        _readiness = writer is null ? null : ReadinessPoller.Shared.TryWatch(writer);
    }

    /// <summary>Completes when a write has found no room for 10 s.</summary>
    internal Task Stalled => _stalled.Task;

    /// <summary>Discards everything.</summary>
    internal static OutputStream Null() => new(null, null);

    /// <summary>Takes over the non-blocking write end of a pipe.</summary>
    internal static OutputStream ToPipe(SafeHandle writer) => new(writer, null);

    /// <summary>Opens a fifo that the client made, or a file or device.</summary>
    /// <exception cref="LinuxException">The path cannot be opened.</exception>
    internal static OutputStream Open(string path)
    {
        if (FileDescriptors.Status(path) is not { Kind: FileKind.Fifo })
            return new(FileDescriptors.Open(path, OpenFlags.WriteOnly | OpenFlags.Append | OpenFlags.NonBlocking | OpenFlags.NoControllingTerminal), null);

        // A reader of our own, kept to the end: the client may go and come back without the process getting EPIPE, may open its end
        // late, and opening the write end never waits.
        var reader = FileDescriptors.Open(path, OpenFlags.ReadOnly | OpenFlags.NonBlocking);
        try
        {
            return new(FileDescriptors.Open(path, OpenFlags.WriteOnly | OpenFlags.NonBlocking), reader);
        }
        catch
        {
            reader.Dispose();
            throw;
        }
    }

    /// <summary>Appends to a file, which is created with its directories.</summary>
    internal static OutputStream OpenFile(string path)
    {
        const uint Mode = 0x1A4; // 0644
        if (Path.GetDirectoryName(path) is { Length: > 0 } directory)
            Directory.CreateDirectory(directory);
        return new(FileDescriptors.Open(path, OpenFlags.WriteOnly | OpenFlags.Append | OpenFlags.Create, Mode), null);
    }

    /// <summary>Writes everything, unless <see cref="Finish"/> comes first.</summary>
    internal async ValueTask WriteAsync(ReadOnlyMemory<byte> data)
    {
        while (!data.IsEmpty && !_finished && _writer is not null)
        {
            int count;
            try
            {
                count = FileDescriptors.Write(_writer, data.Span);
            }
            catch (Exception exception) when (exception is ObjectDisposedException or LinuxException)
            {
                // EPIPE: a logger died. Others (ENOSPC in a log file) are no reason to stop the process either.
                return;
            }

            if (count >= 0)
                data = data[count..];
            else if (!await WaitForRoomAsync())
                return;
        }
    }

    private async ValueTask<bool> WaitForRoomAsync()
    {
        if (_readiness is null)
            return false;
        await using var timer = new Timer(static state => ((TaskCompletionSource)state!).TrySetResult(), _stalled, StallTime, Timeout.InfiniteTimeSpan);
        return await _readiness.WaitAsync(EpollEvents.Writable);
    }

    /// <summary>Lets the client see the end of the stream. Ends a write that waits for room.</summary>
    internal void Finish()
    {
        _finished = true;
        _readiness?.Dispose();
        _writer?.Dispose();
    }

    public void Dispose()
    {
        Finish();
        _keepReader?.Dispose();
    }
}
