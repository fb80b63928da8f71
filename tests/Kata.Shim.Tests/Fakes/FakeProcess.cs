using System.Text;
using System.Threading.Channels;
using Google.Protobuf;

namespace Kata.Shim.Tests.Fakes;

/// <summary>A process in the fake guest, driven by the test.</summary>
internal sealed class FakeProcess
{
    private readonly Channel<byte[]> _stdout = Channel.CreateUnbounded<byte[]>();
    private readonly Channel<byte[]> _stderr = Channel.CreateUnbounded<byte[]>();
    private readonly Channel<byte[]> _stdin = Channel.CreateUnbounded<byte[]>();
    private readonly TaskCompletionSource<int> _exit = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal List<uint> Signals { get; } = [];

    internal List<(uint Columns, uint Rows)> Sizes { get; } = [];

    internal TaskCompletionSource Started { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal Task<int> Exited => _exit.Task;

    internal bool IgnoresSignals { get; set; }

    internal void Print(string text) => _stdout.Writer.TryWrite(Encoding.UTF8.GetBytes(text));

    internal void Print(byte[] data) => _stdout.Writer.TryWrite(data);

    internal void PrintError(string text) => _stderr.Writer.TryWrite(Encoding.UTF8.GetBytes(text));

    internal void Exit(int status, bool streamsEnd = true)
    {
        if (streamsEnd)
        {
            _stdout.Writer.TryComplete();
            _stderr.Writer.TryComplete();
        }

        _exit.TrySetResult(status);
    }

    internal Task<ByteString> ReadAsync(bool error) => TakeAsync(error ? _stderr : _stdout);

    internal async Task<string> ReadStdinToEndAsync()
    {
        var text = new StringBuilder();
        await foreach (var chunk in _stdin.Reader.ReadAllAsync())
            text.Append(Encoding.UTF8.GetString(chunk));
        return text.ToString();
    }

    internal void WriteStdin(byte[] data)
    {
        if (data.Length == 0)
            _stdin.Writer.TryComplete();
        else
            _stdin.Writer.TryWrite(data);
    }

    internal void Signal(uint signal)
    {
        lock (Signals)
            Signals.Add(signal);
        if (!IgnoresSignals && signal is 9 or 15)
            Exit(128 + (int)signal);
    }

    private static async Task<ByteString> TakeAsync(Channel<byte[]> channel)
    {
        try
        {
            return ByteString.CopyFrom(await channel.Reader.ReadAsync());
        }
        catch (ChannelClosedException)
        {
            return ByteString.Empty;
        }
    }
}
