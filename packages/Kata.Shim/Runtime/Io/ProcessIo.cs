using Kata.Abstractions;
using Kata.Linux;

namespace Kata.Shim.Runtime.Io;

/// <summary>The host side of a process's streams. Opening never waits for the client.</summary>
internal sealed class ProcessIo : IAsyncDisposable
{
    private readonly LoggerProcess? _logger;

    private ProcessIo(InputStream? stdin, OutputStream stdout, OutputStream stderr, LoggerProcess? logger) =>
        (Stdin, Stdout, Stderr, _logger) = (stdin, stdout, stderr, logger);

    /// <summary>Null when the client gives no input.</summary>
    internal InputStream? Stdin { get; }

    internal OutputStream Stdout { get; }

    /// <summary>Unused with a terminal: everything comes through <see cref="Stdout"/>.</summary>
    internal OutputStream Stderr { get; }

    /// <exception cref="KataException">A stream cannot be opened; nothing stays open.</exception>
    internal static async ValueTask<ProcessIo> OpenAsync(Stdio stdio, string containerId, string containerNamespace, CancellationToken cancellationToken)
    {
        InputStream? stdin = null;
        OutputStream? stdout = null;
        try
        {
            if (stdio.Stdin.Length > 0)
                stdin = Open("stdin", StreamUri.Parse("stdin", stdio.Stdin), InputStream.Open);
            if (stdio.Stdout.StartsWith("binary:", StringComparison.Ordinal))
            {
                var logger = await LoggerProcess.StartAsync(StreamUri.Parse("stdout", stdio.Stdout), containerId, containerNamespace, cancellationToken);
                return new(stdin, logger.Stdout, logger.Stderr, logger);
            }

            stdout = OpenOutput("stdout", stdio.Stdout);
            return new(stdin, stdout, stdio.Terminal ? OutputStream.Null() : OpenOutput("stderr", stdio.Stderr), null);
        }
        catch
        {
            stdin?.Dispose();
            stdout?.Dispose();
            throw;
        }
    }

    /// <summary>The client sees the end of both output streams; the input is given up.</summary>
    internal void Finish()
    {
        Stdout.Finish();
        Stderr.Finish();
        Stdin?.Dispose();
    }

    public async ValueTask DisposeAsync()
    {
        Stdin?.Dispose();
        Stdout.Dispose();
        Stderr.Dispose();
        if (_logger is not null)
            await _logger.DisposeAsync();
    }

    private static OutputStream OpenOutput(string stream, string text)
    {
        if (text.Length == 0)
            return OutputStream.Null();
        var uri = StreamUri.Parse(stream, text);
        return uri.Scheme switch
        {
            "file" => Open(stream, uri, OutputStream.OpenFile),
            "fifo" => Open(stream, uri, OutputStream.Open),
            _ => throw new KataException(KataErrorKind.InvalidArgument, $"{stream}: {uri.Scheme}:// is decided by stdout for both streams."),
        };
    }

    private static T Open<T>(string stream, StreamUri uri, Func<string, T> open)
    {
        try
        {
            return open(uri.Path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            var reason = exception is LinuxException linux ? linux.Errno.ToString() : exception.Message;
            throw new KataException(KataErrorKind.InvalidArgument, $"{stream} {uri.Path} cannot be opened: {reason}.", exception);
        }
    }
}
