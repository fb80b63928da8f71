using Kata.Linux;
using Microsoft.Extensions.Logging;
using Microsoft.Win32.SafeHandles;

namespace Kata.Guest.Agent.Logging;

/// <summary>
/// Where log lines go: to the host over the log port once it reads them, to the kernel's log otherwise. Lines from before the host
/// connected are kept for it, as far as there is room.
/// </summary>
internal sealed class LogHub
{
    private const int MostKept = 256;

    private readonly Lock _gate = new();
    private readonly Queue<byte[]> _kept = new();
    private readonly bool _hasPort;
    private SafeFileHandle? _kernelLog;
    private Action<byte[]>? _reader;

    /// <param name="hasPort">Whether the host may come and read.</param>
    public LogHub(LogLevel level, bool hasPort)
    {
        Level = level;
        _hasPort = hasPort;
    }

    public LogLevel Level { get; }

    public ILogger CreateLogger(string subsystem) => new JsonLogger(this, subsystem);

    /// <summary>Starts to write to the kernel's log, or without one to standard error.</summary>
    /// <param name="kernelLog"><c>/dev/kmsg</c>, or the descriptor of a terminal or file.</param>
    public void UseKernelLog(SafeFileHandle kernelLog)
    {
        lock (_gate)
            _kernelLog = kernelLog;
    }

    /// <summary>Gives what was kept and everything from now on to a reader; null ends that.</summary>
    /// <param name="reader">Takes a line and must not wait.</param>
    public void SetReader(Action<byte[]>? reader)
    {
        lock (_gate)
        {
            _reader = reader;
            while (reader is not null && _kept.TryDequeue(out var line))
                reader(line);
        }
    }

    internal void Write(LogLevel level, byte[] json)
    {
        lock (_gate)
        {
            if (_reader is not null)
                _reader(json);
            else if (_hasPort)
                Keep(json);
            if (_kernelLog is not null && (_reader is null || level >= LogLevel.Error))
                WriteKernelLog(_kernelLog, level, json);
        }
    }

    private void Keep(byte[] json)
    {
        if (_kept.Count == MostKept)
            _kept.Dequeue();
        _kept.Enqueue(json);
    }

    private static void WriteKernelLog(SafeFileHandle log, LogLevel level, byte[] json)
    {
        // syslog(2): 2 critical, 3 error, 4 warning, 6 info, 7 debug; facility 3 is a daemon. A record has at most about 1000 bytes.
        var priority = level switch
        {
            LogLevel.Critical => 2,
            LogLevel.Error => 3,
            LogLevel.Warning => 4,
            LogLevel.Information => 6,
            _ => 7,
        };
        Span<byte> record = stackalloc byte[960];
        System.Text.Encoding.ASCII.TryGetBytes($"<{(3 << 3) | priority}>kata-agent: ", record, out var head);
        var body = json.AsSpan(0, Math.Min(json.Length, record.Length - head));
        body.CopyTo(record[head..]);
        try
        {
            FileDescriptors.Write(log, record[..(head + body.Length)]);
        }
        catch (LinuxException)
        {
            // The kernel does not take it: there is no other place to tell.
        }
    }
}
