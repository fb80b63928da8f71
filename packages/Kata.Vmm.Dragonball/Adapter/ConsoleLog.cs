using System.Text;
using Microsoft.Extensions.Logging;

namespace Kata.Vmm.Dragonball.Adapter;

/// <summary>Logs the lines of the guest's console at debug level: cut, cleaned, and only so many in a second.</summary>
internal sealed class ConsoleLog(ILogger logger) : Stream
{
    private const int MaxLineBytes = 1024;
    private const int LinesPerSecond = 1000;
    private const long Second = 1000;

    private readonly byte[] _line = new byte[MaxLineBytes];
    private int _length;
    private long _second;
    private int _lines;

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        foreach (var value in buffer)
        {
            if (value == (byte)'\n')
                EndLine();
            else if (_length < MaxLineBytes)
                _line[_length++] = value;
        }
    }

    public override void Flush()
    {
        // A line is logged when it ends.
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    private void EndLine()
    {
        var text = ConsoleText.Clean(Encoding.UTF8.GetString(_line, 0, _length));
        _length = 0;
        if (text.Length == 0)
            return;
        var now = Environment.TickCount64;
        if (now - _second >= Second)
        {
            if (_lines > LinesPerSecond)
                AdapterLog.ConsoleLinesDropped(logger, _lines - LinesPerSecond);
            (_second, _lines) = (now, 0);
        }

        if (++_lines <= LinesPerSecond)
            AdapterLog.Console(logger, text);
    }
}
