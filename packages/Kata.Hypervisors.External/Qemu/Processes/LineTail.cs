using System.Net.Sockets;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Kata.Hypervisors.External.Qemu.Processes;

/// <summary>
/// Reads lines from a stream that the guest may write to: lines are cut, only the last few are kept, control characters are replaced,
/// and a flood is read so slowly that it stalls its writer and not this process.
/// </summary>
internal sealed class LineTail : IDisposable
{
    private const int MaxLineBytes = 1024;
    private const int MaxLines = 32;
    private const int BytesPerSecond = 1 << 20;

    private readonly Socket _socket;
    private readonly Action<string> _onLine;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();
    private readonly Queue<string> _lines = [];
    private readonly byte[] _line = new byte[MaxLineBytes];
    private int _lineLength;

    /// <summary>Takes over the reading end of a socket pair and starts to read.</summary>
    public LineTail(SafeFileHandle socket, Action<string> onLine, TimeProvider time)
    {
        _socket = SocketAdapter.Adopt(socket);
        _onLine = onLine;
        _time = time;
        Completed = ReadAsync();
    }

    /// <summary>Completes at the end of the stream. Never faults.</summary>
    public Task Completed { get; }

    /// <summary>The last lines, oldest first.</summary>
    public IReadOnlyList<string> Lines
    {
        get
        {
            lock (_gate)
                return [.. _lines];
        }
    }

    public void Dispose() => _socket.Dispose();

    private async Task ReadAsync()
    {
        var buffer = new byte[4096];
        var (second, bytes) = (_time.GetTimestamp(), 0);
        try
        {
            while (await _socket.ReceiveAsync(buffer) is > 0 and var count)
            {
                Consume(buffer.AsSpan(0, count));
                bytes += count;
                var elapsed = _time.GetElapsedTime(second);
                if (bytes > BytesPerSecond && elapsed < TimeSpan.FromSeconds(1))
                    await Task.Delay(TimeSpan.FromSeconds(1) - elapsed, _time);
                if (elapsed > TimeSpan.FromSeconds(1) || bytes > BytesPerSecond)
                    (second, bytes) = (_time.GetTimestamp(), 0);
            }
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // The writer is gone, or nobody wants to read any more.
        }

        EndLine();
    }

    private void Consume(ReadOnlySpan<byte> bytes)
    {
        foreach (var value in bytes)
        {
            if (value == (byte)'\n')
                EndLine();
            else if (_lineLength < MaxLineBytes)
                _line[_lineLength++] = value;
        }
    }

    private void EndLine()
    {
        var text = Clean(Encoding.UTF8.GetString(_line, 0, _lineLength));
        _lineLength = 0;
        if (text.Length == 0)
            return;
        lock (_gate)
        {
            if (_lines.Count == MaxLines)
                _lines.Dequeue();
            _lines.Enqueue(text);
        }

        _onLine(text);
    }

    /// <summary>A terminal that shows the log must not obey the guest.</summary>
    private static string Clean(string text) =>
        string.Create(text.Length, text, static (characters, source) =>
        {
            for (var i = 0; i < characters.Length; i++)
                characters[i] = char.IsControl(source[i]) && source[i] != '\t' ? ' ' : source[i];
        }).Trim();
}
