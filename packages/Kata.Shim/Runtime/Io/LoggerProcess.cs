using System.Runtime.InteropServices;
using Kata.Abstractions;
using Kata.Linux;
using Microsoft.Win32.SafeHandles;

namespace Kata.Shim.Runtime.Io;

/// <summary>
/// A logging binary (<c>binary://</c>): it gets the container's stdout as descriptor 3, stderr as 4, and closes or writes descriptor 5
/// when it is ready.
/// </summary>
internal sealed class LoggerProcess : IAsyncDisposable
{
    private static readonly TimeSpan ReadyTimeout = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan ExitTimeout = TimeSpan.FromSeconds(12);

    private readonly ChildProcess _process;

    private LoggerProcess(ChildProcess process, OutputStream stdout, OutputStream stderr) =>
        (_process, Stdout, Stderr) = (process, stdout, stderr);

    internal OutputStream Stdout { get; }

    internal OutputStream Stderr { get; }

    /// <summary>Starts the binary and waits until it is ready.</summary>
    /// <exception cref="KataException">It cannot be run, or did not get ready in time.</exception>
    internal static async ValueTask<LoggerProcess> StartAsync(
        StreamUri uri, string containerId, string containerNamespace, CancellationToken cancellationToken)
    {
        var (stdoutReader, stdoutWriter) = FileDescriptors.Pipe();
        var (stderrReader, stderrWriter) = FileDescriptors.Pipe();
        var (readyReader, readyWriter) = FileDescriptors.Pipe();
        LoggerProcess? logger = null;
        try
        {
            using (stdoutReader)
            using (stderrReader)
            using (readyWriter)
            {
                // Only our ends: the logger expects blocking ones.
                FileDescriptors.SetNonBlocking(stdoutWriter, true);
                FileDescriptors.SetNonBlocking(stderrWriter, true);
                FileDescriptors.SetNonBlocking(readyReader, true);
                var process = Spawn(uri, containerId, containerNamespace, stdoutReader, stderrReader, readyWriter);
                logger = new LoggerProcess(process, OutputStream.ToPipe(stdoutWriter), OutputStream.ToPipe(stderrWriter));
            }

            await WaitUntilReadyAsync(readyReader, uri, cancellationToken);
            return logger;
        }
        catch
        {
            if (logger is null)
            {
                stdoutWriter.Dispose();
                stderrWriter.Dispose();
            }
            else
            {
                logger._process.Kill(Signal.SIGKILL);
                await logger.DisposeAsync();
            }

            throw;
        }
        finally
        {
            readyReader.Dispose();
        }
    }

    /// <summary>Ends the logger: it sees the end of both streams and a SIGTERM, and is killed when it does not take them for an answer.</summary>
    public async ValueTask DisposeAsync()
    {
        Stdout.Dispose();
        Stderr.Dispose();
        if (!_process.Exited.IsCompleted)
        {
            _process.Kill(Signal.SIGTERM);
            if (await Task.WhenAny(_process.Exited, Task.Delay(ExitTimeout)) != _process.Exited)
                _process.Kill(Signal.SIGKILL);
            await _process.Exited;
        }

        _process.Dispose();
    }

    private static ChildProcess Spawn(
        StreamUri uri, string containerId, string containerNamespace, SafeHandle stdout, SafeHandle stderr, SafeHandle ready)
    {
        try
        {
            return ChildProcess.Start(new ChildProcessOptions
            {
                Path = uri.Path,
                Arguments = uri.Arguments,
                Environment = new Dictionary<string, string> { ["CONTAINER_ID"] = containerId, ["CONTAINER_NAMESPACE"] = containerNamespace },
                Descriptors = new Dictionary<int, SafeHandle> { [3] = stdout, [4] = stderr, [5] = ready },
            });
        }
        catch (LinuxException exception)
        {
            throw new KataException(KataErrorKind.InvalidArgument, $"The logging binary {uri.Path} cannot be run: {exception.Errno}.", exception);
        }
    }

    private static async ValueTask WaitUntilReadyAsync(SafeFileHandle ready, StreamUri uri, CancellationToken cancellationToken)
    {
        using var readiness = ReadinessPoller.Shared.TryWatch(ready)!;
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(ReadyTimeout);
        await using var registration = timeout.Token.Register(static state => ((Readiness)state!).Dispose(), readiness);
        // A byte or the end of the pipe: both mean that the logger went past its set-up.
        if (await readiness.WaitAsync(EpollEvents.Readable))
            return;
        cancellationToken.ThrowIfCancellationRequested();
        throw new KataException(KataErrorKind.Timeout, $"The logging binary {uri.Path} did not report that it is ready within {ReadyTimeout.TotalSeconds} s (descriptor 5).");
    }
}
