using System.Globalization;
using Kata.Abstractions;
using Kata.Hypervisors.External.Qemu.CommandLine;
using Kata.Linux;
using Microsoft.Extensions.Logging;
using Microsoft.Win32.SafeHandles;

namespace Kata.Hypervisors.External.Qemu.Processes;

/// <summary>
/// A QEMU process with its channels: what it writes to standard error, the guest's console, and a tether that kills it should this
/// process end without stopping it.
/// </summary>
internal sealed class QemuProcess : IDisposable
{
    private static readonly Dictionary<string, string> Environment = new()
    {
        ["PATH"] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        ["LC_ALL"] = "C",
    };

    private static readonly TimeSpan DrainTimeout = TimeSpan.FromSeconds(2);

    private readonly ChildProcess _child;
    private readonly ProcessTether _tether;
    private readonly TimeProvider _time;

    private QemuProcess(
        ChildProcess child, ProcessTether tether, SafeFileHandle qmp, SafeFileHandle errors, SafeFileHandle console, HypervisorContext context)
    {
        _child = child;
        _tether = tether;
        _time = context.TimeProvider;
        Qmp = qmp;
        Errors = new LineTail(errors, line => QemuLog.StandardError(context.Logger, line), _time);
        Console = new LineTail(console, line => OnConsoleLine(context.Logger, line), _time);
    }

    public ProcessIdentity Identity => new(_child.Id, _child.StartTime);

    /// <summary>Completes when the process is reaped. Never faults.</summary>
    public Task<ExitStatus> Exited => _child.Exited;

    /// <summary>This process's end of the QMP connection.</summary>
    public SafeFileHandle Qmp { get; }

    public LineTail Errors { get; }

    public LineTail Console { get; }

    /// <summary>The line with which the guest's kernel panicked, or null.</summary>
    public string? Panic { get; private set; }

    /// <summary>Starts QEMU with <paramref name="arguments"/> and its channels, inside the sandbox's network namespace and cgroups.</summary>
    /// <exception cref="LinuxException">It could not be started; nothing is left of it.</exception>
    public static QemuProcess Start(string path, QemuArguments arguments, HypervisorContext context)
    {
        var tether = new ProcessTether();
        var (qmp, qmpFar) = UnixSocket.Pair();
        var (console, consoleFar) = UnixSocket.Pair();
        var (errors, errorsFar) = UnixSocket.Pair();
        ChildProcess? child = null;
        try
        {
            QemuCommandLine.AddChannels(arguments, arguments.AddDescriptor(qmpFar), arguments.AddDescriptor(consoleFar));
            arguments.AddDescriptor(tether.FarEnd);
            var options = new ChildProcessOptions
            {
                Path = path,
                Arguments = arguments.Arguments,
                Descriptors = new Dictionary<int, System.Runtime.InteropServices.SafeHandle>(arguments.Descriptors) { [2] = errorsFar },
                Environment = Environment,
                WorkingDirectory = "/",
                NewSession = true,
            };
            child = context.NetworkNamespacePath is { } networkNamespace
                ? Namespaces.RunIn(networkNamespace, NamespaceKinds.Network, () => ChildProcess.Start(options))
                : ChildProcess.Start(options);
            tether.Attach(child);
            JoinCgroups(child.Id, context.CgroupPaths);
            return new QemuProcess(child, tether, qmp, errors, console, context);
        }
        catch
        {
            child?.Kill(Signal.SIGKILL);
            child?.Dispose();
            tether.Dispose();
            qmp.Dispose();
            console.Dispose();
            errors.Dispose();
            throw;
        }
        finally
        {
            errorsFar.Dispose();
        }
    }

    public bool Kill() => _child.Kill(Signal.SIGKILL);

    /// <summary>Completes when the process is reaped and what it had said is read. Never faults.</summary>
    /// <param name="others">What else ends with the process.</param>
    public async Task<ExitStatus> DrainAsync(Func<Task>? others = null)
    {
        var status = await _child.Exited;
        // Nobody else holds the far ends, so these end at once; unless `path` is a script that left something behind.
        var read = Task.WhenAll(Errors.Completed, Console.Completed, others?.Invoke() ?? Task.CompletedTask);
        await Task.WhenAny(read, Task.Delay(DrainTimeout, _time));
        return status;
    }

    public void Dispose()
    {
        _tether.Dispose();
        Qmp.Dispose();
        Errors.Dispose();
        Console.Dispose();
        _child.Dispose();
    }

    private void OnConsoleLine(ILogger logger, string line)
    {
        if (Panic is null && line.Contains(VmExitReport.PanicText, StringComparison.Ordinal))
            Panic = line;
        QemuLog.Console(logger, line);
    }

    /// <summary>A new process has allocated next to nothing yet: what it uses from here on is charged to its cgroups.</summary>
    private static void JoinCgroups(int pid, IReadOnlyList<string> paths)
    {
        foreach (var path in paths)
        {
            try
            {
                File.WriteAllText(Path.Combine(path, "cgroup.procs"), pid.ToString(CultureInfo.InvariantCulture));
            }
            catch (IOException) when (ProcessTable.StartTimeOf(pid) is null)
            {
                // It has ended already; what it said about that is worth more than this.
            }
        }
    }
}
