using System.Security.Cryptography;
using System.Text;

namespace Kata.EndToEnd.Tests.Harness;

/// <summary>Reads a FIFO to its end on a thread of its own, keeping the first MiB and the hash of everything.</summary>
internal sealed class StreamCapture : IDisposable
{
    private const int Kept = 1 << 20;

    private readonly Lock _lock = new();
    private readonly MemoryStream _start = new();
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

    public StreamCapture(string fifo) =>
        Completion = Task.Factory.StartNew(() => Read(fifo), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    /// <summary>Ends when every writer has closed the FIFO.</summary>
    public Task Completion { get; }

    public long Length { get; private set; }

    public string Text
    {
        get
        {
            lock (_lock)
                return Encoding.UTF8.GetString(_start.GetBuffer().AsSpan(0, (int)_start.Length));
        }
    }

    /// <summary>SHA-256 of all bytes; call after <see cref="Completion"/>.</summary>
    public string Sha256() => Convert.ToHexStringLower(_hash.GetCurrentHash());

    public void Dispose() => _hash.Dispose();

    private void Read(string fifo)
    {
        using var stream = new FileStream(fifo, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, 0);
        Span<byte> buffer = new byte[65536];
        int count;
        while ((count = stream.Read(buffer)) > 0)
        {
            lock (_lock)
            {
                _start.Write(buffer[..(int)Math.Min(count, Math.Max(0, Kept - _start.Length))]);
                _hash.AppendData(buffer[..count]);
                Length += count;
            }
        }
    }
}
