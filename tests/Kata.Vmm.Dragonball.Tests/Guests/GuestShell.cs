using System.Globalization;
using System.Text;

namespace Kata.Vmm.Dragonball.Tests.Guests;

/// <summary>A shell in a guest, on its console: gets scripts, and answers with what they said and how they ended.</summary>
/// <param name="type">Types on the guest's console.</param>
internal sealed class GuestShell(Func<ReadOnlyMemory<byte>, Task> type) : Stream
{
    /// <summary>The guest's side, to run with the console as its input and output.</summary>
    public const string Loop = """
        stty -echo -opost
        cd /tmp
        echo '@end 0'
        : > /script
        while IFS= read -r line; do
            if [ "$line" = @run ]; then
                sh -e /script < /dev/null 2>&1
                echo "@end $?"
                : > /script
            else
                printf '%s\n' "$line" >> /script
            fi
        done
        """;

    private const string End = "@end ";

    private readonly Lock _lock = new();
    private readonly StringBuilder _said = new();
    private TaskCompletionSource _progress = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _read;

    /// <summary>Waits for the shell's first prompt.</summary>
    public async Task<string> WaitUntilReadyAsync(TimeSpan limit) => (await ReadAnswerAsync(limit)).Output;

    /// <summary>Runs a script. Returns its exit code and what it said.</summary>
    public async Task<(int Status, string Output)> RunAsync(string script, TimeSpan limit)
    {
        await type(Encoding.UTF8.GetBytes(script + "\n@run\n"));
        return await ReadAnswerAsync(limit);
    }

    /// <summary>Everything the guest said so far.</summary>
    public string Transcript
    {
        get
        {
            lock (_lock)
                return _said.ToString();
        }
    }

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override void Flush()
    {
        // Nothing is kept back.
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count)
    {
        TaskCompletionSource progress;
        lock (_lock)
        {
            _said.Append(Encoding.Latin1.GetString(buffer, offset, count));
            (progress, _progress) = (_progress, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        }

        progress.SetResult();
    }

    private async Task<(int Status, string Output)> ReadAnswerAsync(TimeSpan limit)
    {
        var deadline = TimeProvider.System.GetTimestamp();
        while (true)
        {
            Task progress;
            lock (_lock)
            {
                if (TakeAnswer() is { } answer)
                    return answer;
                progress = _progress.Task;
            }

            var left = limit - TimeProvider.System.GetElapsedTime(deadline);
            if (left <= TimeSpan.Zero || await Task.WhenAny(progress, Task.Delay(left)) != progress)
                throw new TimeoutException($"The guest did not answer within {limit.TotalSeconds} s. It said:\n{Transcript}");
        }
    }

    private (int Status, string Output)? TakeAnswer()
    {
        var text = _said.ToString(_read, _said.Length - _read);
        var end = text.IndexOf(End, StringComparison.Ordinal);
        var line = end < 0 ? -1 : text.IndexOf('\n', end);
        if (line < 0)
            return null;
        _read += line + 1;
        return (int.Parse(text.AsSpan((end + End.Length)..line).Trim(), CultureInfo.InvariantCulture), text[..end]);
    }
}
