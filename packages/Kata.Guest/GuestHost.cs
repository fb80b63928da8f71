using System.Reflection;
using Kata.Guest.Agent;
using Kata.Guest.Image;

namespace Kata.Guest;

/// <summary>
/// The whole program <c>kata-guest</c>: the guest's agent when it is PID 1, and on the host the tool that makes the guest image.
/// </summary>
/// <example>
/// <code>return await Kata.Guest.GuestHost.RunAsync(args);</code>
/// </example>
public static class GuestHost
{
    private const int Failed = 1;
    private const int WrongUsage = 2;

    private const string Help =
        """
        Usage: kata-guest COMMAND

          build    make the guest image: kernel and initrd with this program as the agent
          agent    run the agent (what this program does as PID 1 of a guest)

          -h, --help       show this help, or that of a command
          -V, --version    show the version
        """;

    /// <summary>Runs what the command line asks for and returns the exit code of the process: 0, 1 for a failure, 2 for wrong usage.</summary>
    /// <param name="args">The arguments of the program. As PID 1 they come from the kernel's command line and are not looked at.</param>
    public static Task<int> RunAsync(string[] args)
    {
        ArgumentNullException.ThrowIfNull(args);
        return Environment.ProcessId == 1 ? AgentHost.RunAsync(CancellationToken.None) : RunAsync(args, Console.Out, Console.Error);
    }

    internal static async Task<int> RunAsync(string[] args, TextWriter output, TextWriter error)
    {
        try
        {
            switch (args.FirstOrDefault())
            {
                case "build":
                    return await BuildCommand.RunAsync(args[1..], output, CancellationToken.None);
                case "agent":
                    return await RunAgentAsync(args[1..], output);
                case "--help" or "-h":
                    await output.WriteLineAsync(Help);
                    return 0;
                case "--version" or "-V":
                    await output.WriteLineAsync($"kata-guest {Version}");
                    return 0;
                case null:
                    throw new GuestUsageException("A command is needed.");
                case string other:
                    throw new GuestUsageException($"Unknown command '{other}'.");
            }
        }
        catch (GuestUsageException wrong)
        {
            await error.WriteLineAsync($"kata-guest: {wrong.Message} 'kata-guest --help' shows what there is.");
            return WrongUsage;
        }
        catch (GuestImageException failure)
        {
            await error.WriteLineAsync($"kata-guest: {failure.Message}");
            return Failed;
        }
    }

    private static string Version =>
        typeof(GuestHost).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";

    private static async Task<int> RunAgentAsync(string[] args, TextWriter output)
    {
        if (GuestCommandLine.Parse(args, [], []).Help)
        {
            await output.WriteLineAsync("Usage: kata-guest agent\n\nRuns the agent, which serves the Kata agent protocol on vsock port 1024.");
            return 0;
        }

        return await AgentHost.RunAsync(CancellationToken.None);
    }
}
