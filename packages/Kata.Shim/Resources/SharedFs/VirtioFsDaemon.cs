using System.Net.Sockets;
using System.Text;
using Kata.Abstractions;
using Kata.Linux;
using Kata.Shim.Configuration;
using Microsoft.Extensions.Logging;
using Microsoft.Win32.SafeHandles;

namespace Kata.Shim.Resources.SharedFs;

/// <summary>
/// A virtiofsd process. It inherits a socket that listens already, so a VMM may connect at once, and it is tied to this process: it ends
/// with it, however that ends.
/// </summary>
internal sealed class VirtioFsDaemon : IAsyncDisposable
{
    private const int TetherDescriptor = 4;
    private const int MaxVersionText = 4096;

    private static readonly TimeSpan VersionTimeout = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan ExitTimeout = TimeSpan.FromSeconds(5);

    private readonly ChildProcess _process;
    private readonly ProcessTether _tether;
    private readonly string _socketPath;
    private readonly Task<string> _output;

    private VirtioFsDaemon(ChildProcess process, ProcessTether tether, string socketPath, Socket output, ILogger logger)
    {
        _process = process;
        _tether = tether;
        _socketPath = socketPath;
        _output = CopyOutputAsync(output, logger);
        Failed = DescribeEndAsync();
    }

    /// <summary>Its identity, for a clean-up after this process was killed.</summary>
    public ProcessIdentity Identity => new(_process.Id, _process.StartTime);

    /// <summary>Completes when the daemon has ended, with a sentence that says how. Never faults.</summary>
    public Task<string> Failed { get; }

    /// <summary>Starts the daemon.</summary>
    /// <param name="configuration">Program and options.</param>
    /// <param name="directory">The directory to serve.</param>
    /// <param name="socketPath">Where the VMM connects; made here.</param>
    /// <param name="logger">Gets what the daemon says.</param>
    /// <param name="cancellationToken">Gives up; nothing stays.</param>
    /// <exception cref="KataException">The program cannot be run.</exception>
    public static async ValueTask<VirtioFsDaemon> StartAsync(
        SharedFsConfiguration configuration, string directory, string socketPath, ILogger logger, CancellationToken cancellationToken)
    {
        var kind = await KindOfAsync(configuration.DaemonPath, cancellationToken).ConfigureAwait(false);
        var (near, far) = UnixSocket.Pair();
        using var farEnd = far;
        using var output = new OwnedSocket(near);
        var tether = new ProcessTether();
        try
        {
            using var listener = UnixSocket.Listen(socketPath);
            var process = Start(new ChildProcessOptions
            {
                Path = configuration.DaemonPath,
                Arguments = VirtioFsArguments.For(kind, directory, configuration),
                WorkingDirectory = "/",
                Descriptors = new Dictionary<int, System.Runtime.InteropServices.SafeHandle>
                {
                    [1] = far,
                    [2] = far,
                    [VirtioFsArguments.SocketDescriptor] = listener,
                    [TetherDescriptor] = tether.FarEnd,
                },
            });
            tether.Attach(process);
            ResourcesLog.DaemonStarted(logger, configuration.DaemonPath, process.Id, directory);
            return new VirtioFsDaemon(process, tether, socketPath, output.Take(), logger);
        }
        catch
        {
            tether.Dispose();
            FileSystem.Unlink(socketPath);
            throw;
        }
    }

    /// <summary>Ends the daemon and removes its socket.</summary>
    public async ValueTask DisposeAsync()
    {
        _process.Kill(Signal.SIGKILL);
        await Task.WhenAny(_process.Exited, Task.Delay(ExitTimeout)).ConfigureAwait(false);
        _process.Dispose();
        _tether.Dispose();
        FileSystem.Unlink(_socketPath);
    }

    /// <summary>Which of the two programs a path is. Known paths are not asked.</summary>
    internal static async ValueTask<VirtioFsDaemonKind> KindOfAsync(string path, CancellationToken cancellationToken)
    {
        // Asking costs a process per sandbox; where distributions put either program is settled.
        switch (path)
        {
            case "/usr/lib/qemu/virtiofsd":
                return VirtioFsDaemonKind.Qemu;
            case "/usr/libexec/virtiofsd" or "/opt/kata/libexec/virtiofsd":
                return VirtioFsDaemonKind.Rust;
        }

        var (near, far) = UnixSocket.Pair();
        using var output = new OwnedSocket(near);
        ChildProcess process;
        using (far)
        {
            process = Start(new ChildProcessOptions
            {
                Path = path,
                Arguments = ["--version"],
                Descriptors = new Dictionary<int, System.Runtime.InteropServices.SafeHandle> { [1] = far, [2] = far },
            });
        }

        using (process)
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            limit.CancelAfter(VersionTimeout);
            try
            {
                return VirtioFsArguments.KindOf(await ReadAllAsync(output.Socket, limit.Token).ConfigureAwait(false));
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                throw new KataException(KataErrorKind.Internal, $"virtio_fs_daemon {path} does not answer --version within {VersionTimeout.TotalSeconds} s.");
            }
            finally
            {
                process.Kill(Signal.SIGKILL);
            }
        }
    }

    private static ChildProcess Start(ChildProcessOptions options)
    {
        try
        {
            return ChildProcess.Start(options);
        }
        catch (LinuxException exception)
        {
            throw new KataException(KataErrorKind.Internal, $"virtio_fs_daemon cannot be started: {exception.Message}", exception);
        }
    }

    private static async Task<string> ReadAllAsync(Socket socket, CancellationToken cancellationToken)
    {
        var buffer = new byte[MaxVersionText];
        var filled = 0;
        while (filled < buffer.Length
            && await socket.ReceiveAsync(buffer.AsMemory(filled), cancellationToken).ConfigureAwait(false) is > 0 and var count)
        {
            filled += count;
        }

        return Encoding.UTF8.GetString(buffer, 0, filled);
    }

    /// <summary>Logs what the daemon says until it ends. Returns the last line.</summary>
    private static async Task<string> CopyOutputAsync(Socket socket, ILogger logger)
    {
        var last = "";
        try
        {
            using var reader = new StreamReader(new NetworkStream(socket, ownsSocket: true));
            while (await reader.ReadLineAsync().ConfigureAwait(false) is { } line)
            {
                if (line.Length > 0)
                    ResourcesLog.DaemonLine(logger, last = line);
            }
        }
        catch (IOException)
        {
            // The daemon was killed in the middle of a line.
        }

        return last;
    }

    private async Task<string> DescribeEndAsync()
    {
        var status = await _process.Exited.ConfigureAwait(false);
        var last = await _output.ConfigureAwait(false);
        return $"The file system daemon of the sandbox (virtiofsd) ended with {status}{(last.Length > 0 ? $": {last}" : ".")}";
    }

    /// <summary>A descriptor as a socket, closed unless it is taken.</summary>
    private sealed class OwnedSocket : IDisposable
    {
        private bool _taken;

        public OwnedSocket(SafeFileHandle descriptor)
        {
            Socket = new Socket(new SafeSocketHandle(descriptor.DangerousGetHandle(), ownsHandle: true));
            descriptor.SetHandleAsInvalid();
        }

        public Socket Socket { get; }

        public Socket Take()
        {
            _taken = true;
            return Socket;
        }

        public void Dispose()
        {
            if (!_taken)
                Socket.Dispose();
        }
    }
}
