using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using Kata.Guest.Agent.Logging;
using Kata.Linux;
using Microsoft.Extensions.Logging;

namespace Kata.Guest.Agent.Containers;

/// <summary>
/// crun: makes namespaces, mounts, cgroups and seccomp filters. The processes it leaves behind become children of the agent.
/// </summary>
internal sealed class OciRuntime
{
    // What crun tells a caller about a failure is a line of JSON in its log.
    private const int LongestLog = 64 * 1024;

    private static readonly Dictionary<string, string> _environment = new() { ["PATH"] = "/usr/sbin:/usr/bin:/sbin:/bin" };

    private static readonly Dictionary<int, SafeHandle> _none = [];

    private readonly string _program;
    private readonly string _state;
    private readonly ILogger _log;
    private readonly HashSet<int> _adopted = [];
    private int _steps;
    private int _lastFile;

    /// <param name="program">Path of crun.</param>
    /// <param name="state">A directory on tmpfs for its state, logs and sockets.</param>
    public OciRuntime(string program, string state, ILogger log)
    {
        _program = program;
        _state = state;
        _log = log;
        StepDirectory = Path.Combine(state, "steps");
    }

    /// <summary>For what lives only as long as one step: logs, pid files, console sockets.</summary>
    public string StepDirectory { get; }

    /// <summary>Makes the directories; before that nothing can be run.</summary>
    public void Prepare() => Directory.CreateDirectory(StepDirectory);

    public string NewStepFile(string kind) => Path.Combine(StepDirectory, $"{kind}-{Interlocked.Increment(ref _lastFile)}");

    /// <summary>Creates the container of a bundle; its init process waits for <see cref="StartAsync"/>.</summary>
    public Task<AdoptedProcess> CreateAsync(string id, string bundle, ProcessStdio stdio, CancellationToken cancellationToken) =>
        LaunchAsync(["create", "--bundle", bundle], id, stdio, cancellationToken);

    public Task StartAsync(string id, CancellationToken cancellationToken) => RunAsync(["start", id], _none, cancellationToken);

    /// <summary>Starts another process in a running container.</summary>
    public Task<AdoptedProcess> ExecAsync(string id, string processFile, ProcessStdio stdio, CancellationToken cancellationToken) =>
        LaunchAsync(["exec", "--detach", "--process", processFile], id, stdio, cancellationToken);

    public Task UpdateAsync(string id, string resourcesFile, CancellationToken cancellationToken) =>
        RunAsync(["update", "--resources", resourcesFile, id], _none, cancellationToken);

    /// <summary>Kills what is left of a container and removes its cgroup and state.</summary>
    public Task DeleteAsync(string id, CancellationToken cancellationToken) => RunAsync(["delete", "--force", id], _none, cancellationToken);

    private async Task<AdoptedProcess> LaunchAsync(
        IReadOnlyList<string> command, string id, ProcessStdio stdio, CancellationToken cancellationToken)
    {
        var pidFile = NewStepFile("pid");
        // Until the process is adopted: it must not be taken for an orphan.
        BeginStep();
        try
        {
            List<string> arguments = [.. command, "--pid-file", pidFile];
            if (stdio.ConsoleSocket is { } console)
                arguments.AddRange(["--console-socket", console]);
            arguments.Add(id);
            await RunAsync(arguments, stdio.ChildDescriptors, cancellationToken);
            return Adopt(int.Parse(await File.ReadAllTextAsync(pidFile, CancellationToken.None), CultureInfo.InvariantCulture));
        }
        finally
        {
            EndStep();
            File.Delete(pidFile);
        }
    }

    private AdoptedProcess Adopt(int pid)
    {
        AdoptedProcess process;
        lock (_adopted)
        {
            process = AdoptedProcess.Adopt(pid);
            _adopted.Add(pid);
        }

        _ = process.Exited.ContinueWith(_ => Forget(pid), TaskScheduler.Default);
        return process;
    }

    private void Forget(int pid)
    {
        lock (_adopted)
            _adopted.Remove(pid);
    }

    private async Task RunAsync(
        List<string> arguments, IReadOnlyDictionary<int, SafeHandle> descriptors, CancellationToken cancellationToken)
    {
        var logFile = NewStepFile("log");
        var started = Stopwatch.GetTimestamp();
        BeginStep();
        try
        {
            using var crun = ChildProcess.Start(new ChildProcessOptions
            {
                Path = _program,
                Arguments = ["--root", _state, "--cgroup-manager", "cgroupfs", "--log", logFile, "--log-format", "json", .. arguments],
                Environment = _environment,
                Descriptors = descriptors,
            });
            using (cancellationToken.Register(() => crun.Kill(Signal.SIGKILL)))
            {
                var status = await crun.Exited;
                cancellationToken.ThrowIfCancellationRequested();
                _log.RuntimeStep(arguments[0], Stopwatch.GetElapsedTime(started).TotalMilliseconds);
                if (status.ShellCode != 0)
                    throw AgentException.Failed(Failure(arguments[0], status, logFile));
            }
        }
        finally
        {
            EndStep();
            File.Delete(logFile);
        }
    }

    private void BeginStep()
    {
        lock (_adopted)
            _steps++;
    }

    /// <summary>
    /// A step that failed may leave processes behind that belong to nobody. As zombies they would even keep their container's first
    /// process from ending, so they are adopted too. Not while a step is under way, which may be about to adopt one of them.
    /// </summary>
    private void EndStep()
    {
        lock (_adopted)
        {
            if (--_steps > 0)
                return;
            foreach (var child in AdoptedProcess.ListChildren().Where(child => !_adopted.Contains(child)))
                Adopt(child).Dispose();
        }
    }

    private string Failure(string command, ExitStatus status, string logFile)
    {
        var message = "";
        try
        {
            message = LastError(File.ReadLines(logFile));
        }
        catch (IOException e)
        {
            _log.RuntimeLogUnreadable(logFile, e);
        }

        return message.Length > 0 ? message : $"{_program} {command} ended with {status} and no message.";
    }

    /// <summary>The message of the last error in crun's log.</summary>
    internal static string LastError(IEnumerable<string> lines)
    {
        var last = "";
        var length = 0;
        foreach (var line in lines)
        {
            if ((length += line.Length) > LongestLog)
                break;
            try
            {
                using var json = JsonDocument.Parse(line);
                if (json.RootElement.TryGetProperty("msg", out var message) && message.GetString() is { Length: > 0 } text)
                    last = text;
            }
            catch (JsonException)
            {
                last = line;
            }
        }

        return last;
    }
}
