using Kata.Guest.Agent.Boot;
using Kata.Guest.Agent.Logging;
using Kata.Linux;
using Microsoft.Win32.SafeHandles;

namespace Kata.Guest.Agent;

/// <summary>The agent as a program: brings the guest up, serves requests, and at the end switches the machine off.</summary>
internal static class AgentHost
{
    private const int Failed = 1;
    private const int StandardError = 2;

    /// <summary>Runs the agent with what the kernel command line says; as PID 1 it boots the guest.</summary>
    /// <returns>The exit code of the process; as PID 1 the machine is off by then.</returns>
    public static Task<int> RunAsync(CancellationToken cancellationToken) =>
        RunAsync(new AgentOptions { IsInit = Environment.ProcessId == 1 }, cancellationToken);

    /// <inheritdoc cref="RunAsync(CancellationToken)"/>
    public static async Task<int> RunAsync(AgentOptions options, CancellationToken cancellationToken)
    {
        LogHub? hub = null;
        try
        {
            if (options.IsInit)
            {
                AppDomain.CurrentDomain.UnhandledException += (_, e) => End(options, hub, (Exception)e.ExceptionObject);
                GuestSystem.MountFirst();
                options = options.WithKernelCommandLine(await File.ReadAllTextAsync("/proc/cmdline", cancellationToken));
            }
            else
            {
                CurrentProcess.BecomeSubreaper();
            }

            hub = new LogHub(options.LogLevel, options.LogPort is not null);
            hub.UseKernelLog(options.IsInit ? FileDescriptors.Open("/dev/kmsg", OpenFlags.WriteOnly) : OwnStandardError());
            using var program = new AgentProgram(options, hub, cancellationToken);
            await program.RunAsync();
            End(options, hub, null);
            return 0;
        }
#pragma warning disable CA1031 // The last resort: when PID 1 ends the kernel panics, with no word of ours.
        catch (Exception e)
#pragma warning restore CA1031
        {
            End(options, hub, e);
            return Failed;
        }
    }

    private static SafeFileHandle OwnStandardError() => new(StandardError, ownsHandle: false);

    private static void End(AgentOptions options, LogHub? hub, Exception? error)
    {
        if (error is not null)
        {
            // The kernel's log shows it on the console; without one there is only the console itself.
            if (hub is not null)
                hub.CreateLogger("agent").Fatal(error);
            else
                FileDescriptors.WriteAll(OwnStandardError(), System.Text.Encoding.UTF8.GetBytes($"kata-agent: {error}\n"));
        }

        if (options.IsInit)
            Machine.PowerOff();
    }
}
