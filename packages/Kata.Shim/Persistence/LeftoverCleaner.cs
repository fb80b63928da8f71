using System.Text;
using Kata.Abstractions;
using Kata.Linux;
using Kata.Shim.Resources;
using Microsoft.Extensions.Logging;

namespace Kata.Shim.Persistence;

/// <summary>Removes what a killed daemon left on the host. Every step is tried, whatever the others did.</summary>
internal sealed class LeftoverCleaner(ILogger logger)
{
    /// <summary>The environment variable that marks every process of a sandbox, with the value <c>namespace/sandbox id</c>.</summary>
    internal const string Mark = "KATA_SANDBOX";

    private static readonly TimeSpan KillTimeout = TimeSpan.FromSeconds(2);

    internal async ValueTask CleanUpAsync(
        SandboxPaths paths, SandboxState state, Func<List<IHypervisorProvider>> providers, CancellationToken cancellationToken)
    {
        Try("the daemon", () => Kill(state.Daemon));
        if (state.KeepAbnormal)
        {
            LeftoverLog.Kept(logger, paths.Directory);
            return;
        }

        if (state.Hypervisor is { } hypervisor)
        {
            foreach (var process in hypervisor.Processes)
                Try("the VMM", () => Kill(process));
            await TryAsync("the VM", () => CleanUpHypervisorAsync(hypervisor, providers, cancellationToken));
        }

        // A process that was started but not yet recorded when the daemon died still carries the mark.
        Try("marked processes", () => KillMarked($"{state.Namespace}/{state.SandboxId}"));
        if (state.Resources is { } resources)
            await TryAsync("resources", () => SandboxResources.CleanUpAsync(resources, logger, cancellationToken));
        Try("directories", () => SandboxStateFile.Remove(paths));
    }

    private static ValueTask CleanUpHypervisorAsync(
        HypervisorState state, Func<List<IHypervisorProvider>> providers, CancellationToken cancellationToken)
    {
        foreach (var provider in providers())
        {
            if (provider.Name == state.Provider)
                return provider.CleanUpAsync(state, cancellationToken);
        }

        return ValueTask.CompletedTask;
    }

    private static void Kill(ProcessIdentity process) => ProcessTable.KillAndWait(process.Pid, process.StartTime, KillTimeout);

    private static void KillMarked(string sandbox)
    {
        var wanted = Encoding.UTF8.GetBytes($"{Mark}={sandbox}\0");
        foreach (var directory in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(directory.AsSpan()), out var pid) || pid == Environment.ProcessId)
                continue;
            try
            {
                if (ProcessTable.StartTimeOf(pid) is { } startTime && Contains(File.ReadAllBytes($"{directory}/environ"), wanted))
                    ProcessTable.KillAndWait(pid, startTime, KillTimeout);
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                // Ended in the meantime.
            }
        }
    }

    private static bool Contains(ReadOnlySpan<byte> environment, ReadOnlySpan<byte> wanted)
    {
        for (var at = environment.IndexOf(wanted); at >= 0; at = environment.IndexOf(wanted))
        {
            if (at == 0 || environment[at - 1] == 0)
                return true;
            environment = environment[(at + 1)..];
        }

        return false;
    }

    private void Try(string what, Action step)
    {
        try
        {
            step();
        }
#pragma warning disable CA1031 // One step that fails must not stop the others.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            LeftoverLog.StepFailed(logger, exception, what);
        }
    }

    private async ValueTask TryAsync(string what, Func<ValueTask> step)
    {
        try
        {
            await step();
        }
#pragma warning disable CA1031 // As above.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            LeftoverLog.StepFailed(logger, exception, what);
        }
    }
}
