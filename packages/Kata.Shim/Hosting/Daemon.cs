using System.Runtime.InteropServices;
using Kata.Abstractions;
using Kata.Linux;
using Kata.Shim.Persistence;
using Kata.Shim.Runtime;
using Kata.Shim.Services;
using Kata.Ttrpc;
using Microsoft.Extensions.Logging;
using Microsoft.Win32.SafeHandles;

namespace Kata.Shim.Hosting;

/// <summary>The long-lived process: serves one sandbox until its last container is deleted.</summary>
internal sealed class Daemon : IAsyncDisposable
{
    /// <summary>A daemon without containers that nobody talks to for this long has been forgotten.</summary>
    private static readonly TimeSpan IdleLimit = TimeSpan.FromMinutes(10);

    private static readonly TimeSpan FlushTimeout = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan DrainTimeout = TimeSpan.FromSeconds(2);

    private readonly ShimArguments _arguments;
    private readonly ILogger _logger;
    private readonly TimeProvider _clock;
    private readonly EventPublisher _events;
    private readonly TaskManager _tasks;
    private readonly TtrpcServer _server;
    private readonly TaskCompletionSource<string> _end = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _lastCall;

    internal Daemon(
        ShimArguments arguments, IReadOnlyList<IHypervisorProvider> providers, ILogger logger, TimeProvider clock, string? eventsAddress, string root = SandboxPaths.DefaultRoot)
    {
        (_arguments, _logger, _clock) = (arguments, logger, clock);
        _events = new EventPublisher(eventsAddress, arguments.Namespace, logger, clock);
        _tasks = new TaskManager(arguments.Namespace, root, providers, _events, logger, clock);
        _lastCall = clock.GetTimestamp();
        _server = new TtrpcServer(new TtrpcServerOptions
        {
            Logger = logger,
            Middleware = ErrorMapping.Create(logger, () => Volatile.Write(ref _lastCall, clock.GetTimestamp())),
        });
        new TaskService(_tasks, now => _end.TrySetResult(now ? "told to at once" : "the last container is deleted")).AddTo(_server);
    }

    /// <summary>The daemon's whole run: its socket is inherited, its working directory is the bundle.</summary>
    internal static async Task<int> RunAsync(ShimArguments arguments, IReadOnlyList<IHypervisorProvider> providers)
    {
        using var log = LogFile.Open(Environment.CurrentDirectory);
        var logger = ShimLogger.Create(log, arguments, TimeProvider.System);
        AppDomain.CurrentDomain.UnhandledException += (_, args) =>
        {
            if (args.ExceptionObject is Exception exception)
                HostLog.Defect(logger, exception);
        };
        TaskScheduler.UnobservedTaskException += (_, args) => HostLog.Defect(logger, args.Exception);
        foreach (var flag in arguments.UnknownFlags)
            HostLog.UnknownFlag(logger, flag);
        await using var daemon = new Daemon(arguments, providers, logger, TimeProvider.System, Environment.GetEnvironmentVariable("TTRPC_ADDRESS"));
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, daemon.OnSignal);
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, daemon.OnSignal);
        var listener = new SafeFileHandle(StartCommand.ListenerDescriptor, ownsHandle: true);
        FileDescriptors.SetCloseOnExec(listener, true);
        await daemon.ServeAsync(listener);
        return 0;
    }

    /// <summary>Serves a listening socket until it is told to stop; then nothing of the sandbox is left.</summary>
    internal async Task ServeAsync(SafeHandle listener)
    {
        _server.Listen(listener);
        HostLog.Serving(_logger, ShimVersion.Version, _arguments.Socket, Environment.ProcessId);
        await using (_clock.CreateTimer(_ => EndWhenForgotten(), null, IdleLimit, IdleLimit))
            HostLog.Ending(_logger, await _end.Task);

        // The name goes first: from here on a new shim for this sandbox may take it.
        FileSystem.Unlink(_arguments.Socket);
        await _tasks.StopAllAsync("The shim was told to stop.");
        await _events.FlushAsync(FlushTimeout);
        using var patience = new CancellationTokenSource(DrainTimeout, _clock);
        try
        {
            await _server.ShutdownAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            // A client that does not read its answer.
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        await _events.DisposeAsync();
    }

    private void OnSignal(PosixSignalContext context)
    {
        context.Cancel = true;
        _end.TrySetResult(context.Signal.ToString());
    }

    private void EndWhenForgotten()
    {
        if (_tasks.IsEmpty && _clock.GetElapsedTime(Volatile.Read(ref _lastCall)) >= IdleLimit)
            _end.TrySetResult("nobody needs it");
    }
}
