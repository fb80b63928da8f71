using Kata.Linux;

namespace Kata.EndToEnd.Tests.Harness;

/// <summary>The client's ends of a process's FIFOs.</summary>
internal sealed class ProcessIo : IAsyncDisposable
{
    private readonly string _directory;
    private readonly StreamCapture? _output;
    private readonly StreamCapture? _error;
    private readonly Task<FileStream>? _input;
    private bool _disposed;

    public ProcessIo(string directory, bool terminal, bool withInput)
    {
        _directory = directory;
        Directory.CreateDirectory(directory);
        Terminal = terminal;
        Stdout = Fifo("stdout");
        Stderr = terminal ? "" : Fifo("stderr");
        Stdin = withInput ? Fifo("stdin") : "";
        _output = new(Stdout);
        _error = terminal ? null : new(Stderr);
        // Opening for writing blocks until the shim opened its end.
        if (withInput)
        {
            _input = Task.Factory.StartNew(
                () => new FileStream(Stdin, FileMode.Open, FileAccess.Write, FileShare.ReadWrite, 0),
                CancellationToken.None,
                TaskCreationOptions.LongRunning,
                TaskScheduler.Default);
        }
    }

    public bool Terminal { get; }

    public string Stdin { get; }

    public string Stdout { get; }

    public string Stderr { get; }

    public StreamCapture Output => _output!;

    public StreamCapture? Error => _error;

    public async Task WriteAsync(string text)
    {
        var input = await _input!.WaitAsync(Eventually.Patience);
        await input.WriteAsync(System.Text.Encoding.UTF8.GetBytes(text));
    }

    /// <summary>Closes the client's write end; the process sees the end of file only after CloseIO as well.</summary>
    public async Task CloseInputAsync() => await (await _input!.WaitAsync(Eventually.Patience)).DisposeAsync();

    public Task WaitForOutputAsync(string text) => Eventually.GetAsync(
        () => Output.Text.Contains(text, StringComparison.Ordinal) ? text : null,
        $"'{text}' in the output '{Output.Text}'");

    /// <summary>Waits for the end of both streams, which the shim must bring about once the process is gone.</summary>
    public async Task CompleteAsync()
    {
        try
        {
            await Task.WhenAll(_output!.Completion, _error?.Completion ?? Task.CompletedTask).WaitAsync(Eventually.Patience);
        }
        catch (TimeoutException)
        {
            throw new AssertFailedException($"The shim did not close {(_output!.Completion.IsCompleted ? "stderr" : "stdout")} after the process ended.");
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_disposed)
            return;
        _disposed = true;
        // Whoever still waits for the other end gets it for a moment.
        foreach (string fifo in (string[])[Stdin, Stdout, Stderr])
        {
            if (fifo.Length > 0)
                File.OpenHandle(fifo, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite).Dispose();
        }

        if (_input is not null)
            await (await _input).DisposeAsync();
        await Task.WhenAny(Task.WhenAll(_output!.Completion, _error?.Completion ?? Task.CompletedTask), Task.Delay(Settings.Scaled(5)));
        Directory.Delete(_directory, recursive: true);
    }

    private string Fifo(string name)
    {
        string path = Path.Combine(_directory, name);
        FileSystem.CreateFifo(path, 0x1C0);
        return path;
    }
}
