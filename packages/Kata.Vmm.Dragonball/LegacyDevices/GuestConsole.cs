using System.Text;
using Kata.Linux;

namespace Kata.Vmm.Dragonball.LegacyDevices;

/// <summary>
/// What the guest says: keeps the end of it, notices a kernel's panic, and passes everything on to a stream on a thread of its own, so that
/// a slow reader never holds up the guest. What such a reader misses is left out.
/// </summary>
internal sealed class GuestConsole : IAsyncDisposable
{
    private const int RingBytes = 64 * 1024;
    private const int TailBytes = 4096;
    private const int PanicBytes = 1280; // A kernel's longest message of a panic, 1 KiB, and what may interrupt it.
    private const int StackBytes = 256 * 1024;
    private static readonly TimeSpan s_longestDrain = TimeSpan.FromMilliseconds(500);

    private readonly Lock _lock = new();
    private readonly byte[] _ring = new byte[RingBytes];
    private readonly SemaphoreSlim _available = new(0);
    private readonly TaskCompletionSource _panicked = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Action _firstByte;
    private readonly Stream? _output;
    private Task _drained = Task.CompletedTask;
    private long _written;
    private long _read;
    private bool _readerWaits;
    private bool _isEnding;

    /// <param name="output">Gets everything from <see cref="Start"/> on; stays the caller's. Null for nobody.</param>
    /// <param name="firstByte">Called once, on a vCPU thread.</param>
    public GuestConsole(Stream? output, Action firstByte) => (_output, _firstByte) = (output, firstByte);

    /// <summary>Begins to pass output on, on a thread that inherits the caller's namespaces.</summary>
    /// <exception cref="LinuxException">There can be no further thread.</exception>
    public void Start()
    {
        if (_output is null)
            return;
        var drained = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        BackgroundThread.Start("console", StackBytes, () => Pump(_output, drained));
        _drained = drained.Task;
    }

    /// <summary>Completes when the guest's kernel has reported its panic.</summary>
    public Task Panicked => _panicked.Task;

    /// <summary>What the kernel said of its panic; null without one.</summary>
    public string? PanicMessage { get; private set; }

    /// <summary>The last lines, at most 4 KiB.</summary>
    public string Tail
    {
        get
        {
            lock (_lock)
            {
                Span<byte> buffer = stackalloc byte[TailBytes];
                var tail = Last(buffer);
                // Cut in the middle of a line, it begins with the next one.
                var start = tail.Length < _written ? tail.IndexOf((byte)'\n') + 1 : 0;
                return Encoding.UTF8.GetString(tail[start..]);
            }
        }
    }

    /// <summary>The guest writes to one of its consoles.</summary>
    /// <returns>All of it was taken.</returns>
    public int Write(ReadOnlySpan<byte> text)
    {
        lock (_lock)
        {
            foreach (var value in text)
                Append(value);
            if (_readerWaits)
                WakeReader();
        }

        return text.Length;
    }

    /// <summary>Waits, not for long, until the stream has got everything.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (_lock)
        {
            _isEnding = true;
            if (_readerWaits)
                WakeReader();
        }

        await _drained.WaitAsync(s_longestDrain).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private void Append(byte value)
    {
        if (_written == 0)
            _firstByte();
        _ring[_written++ % RingBytes] = value;
        if (value == (byte)'\n' && PanicMessage is null)
            LookForPanic();
    }

    private void LookForPanic()
    {
        Span<byte> buffer = stackalloc byte[PanicBytes];
        PanicMessage = KernelPanic.Find(Last(buffer));
        if (PanicMessage is not null)
            _panicked.TrySetResult();
    }

    /// <summary>Copies the last bytes that were written, as many as there are and fit.</summary>
    private ReadOnlySpan<byte> Last(Span<byte> buffer)
    {
        var last = buffer[..(int)Math.Min(_written, buffer.Length)];
        var start = (int)((_written - last.Length) % RingBytes);
        var untilWrap = Math.Min(last.Length, RingBytes - start);
        _ring.AsSpan(start, untilWrap).CopyTo(last);
        _ring.AsSpan(0, last.Length - untilWrap).CopyTo(last[untilWrap..]);
        return last;
    }

    private void WakeReader()
    {
        _readerWaits = false;
        _available.Release();
    }

    private void Pump(Stream output, TaskCompletionSource drained)
    {
        var chunk = new byte[TailBytes];
        try
        {
            while (Take(chunk) is var count and > 0)
            {
                output.Write(chunk, 0, count);
                output.Flush();
            }
        }
        catch (Exception)
        {
            // The stream is the caller's, and so is what it throws: nobody listens any more.
        }

        _available.Dispose();
        drained.SetResult();
    }

    /// <summary>Waits for output; 0 at the end of it.</summary>
    private int Take(byte[] chunk)
    {
        while (true)
        {
            lock (_lock)
            {
                if (_written > _read)
                {
                    _read = Math.Max(_read, _written - RingBytes);
                    var start = (int)(_read % RingBytes);
                    var count = (int)Math.Min(Math.Min(_written - _read, chunk.Length), RingBytes - start);
                    Array.Copy(_ring, start, chunk, 0, count);
                    _read += count;
                    return count;
                }

                if (_isEnding)
                    return 0;
                _readerWaits = true;
            }

            _available.Wait();
        }
    }
}
