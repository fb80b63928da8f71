using System.Text;
using Kata.Abstractions;
using Kata.Linux;
using Microsoft.Win32.SafeHandles;

namespace Kata.Shim.Hosting;

/// <summary>One run of the shim's executable.</summary>
/// <param name="args">The command line.</param>
/// <param name="providers">Makes the hypervisors; called only where they are needed.</param>
internal sealed class ShimProgram(string[] args, Func<List<IHypervisorProvider>> providers)
{
    internal const string RuntimeName = "io.containerd.kata.v2";
    private const int Failure = 1;
    private const int UsageError = 2;

    // Not async: start depends on running on the main thread, and an await would leave it.
    internal Task<int> RunAsync()
    {
        ShimArguments arguments;
        try
        {
            arguments = CommandLine.Parse(args);
        }
        catch (CommandLineException exception)
        {
            return Task.FromResult(Fail(exception, UsageError));
        }

        try
        {
            switch (arguments.Action)
            {
                case ShimAction.Help:
                    Print(Encoding.UTF8.GetBytes(CommandLine.Usage + "\n"));
                    return Task.FromResult(0);
                case ShimAction.Version:
                    Print(Encoding.UTF8.GetBytes($"Kata for .NET containerd shim: id: {RuntimeName}, version: {ShimVersion.Version}, commit: {ShimVersion.Commit}\n"));
                    return Task.FromResult(0);
                case ShimAction.Info:
                    Print(InfoCommand.Run());
                    return Task.FromResult(0);
                case ShimAction.Start:
                    Print(Start(arguments));
                    return Task.FromResult(0);
                case ShimAction.Delete:
                    return DeleteAsync(arguments);
                default:
                    return Daemon.RunAsync(arguments, providers());
            }
        }
#pragma warning disable CA1031 // The process ends here; containerd shows what is printed.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            return Task.FromResult(Fail(exception, Failure));
        }
    }

    private static byte[] Start(ShimArguments arguments)
    {
        // Not System.Console, which is made for terminals.
        using var input = new FileStream(new SafeFileHandle(0, ownsHandle: false), FileAccess.Read, bufferSize: 0);
        return StartCommand.Run(arguments, input);
    }

    private async Task<int> DeleteAsync(ShimArguments arguments)
    {
        try
        {
            Print(await DeleteCommand.RunAsync(arguments, providers));
            return 0;
        }
#pragma warning disable CA1031 // As above.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            return Fail(exception, Failure);
        }
    }

    private static int Fail(Exception exception, int exitCode)
    {
        using var error = new SafeFileHandle(2, ownsHandle: false);
        try
        {
            FileDescriptors.WriteAll(error, Encoding.UTF8.GetBytes($"containerd-shim-kata-v2: {LogfmtLogger.Describe(exception)}\n"));
        }
        catch (LinuxException)
        {
            // Nobody reads.
        }

        return exitCode;
    }

    // Raw bytes: containerd reads standard output and error together and takes every byte for the answer.
    private static void Print(ReadOnlySpan<byte> bytes)
    {
        using var output = new SafeFileHandle(1, ownsHandle: false);
        FileDescriptors.WriteAll(output, bytes);
    }
}
