using System.Diagnostics;

namespace Kata.EndToEnd.Tests.Harness;

/// <summary>Runs a program to its end.</summary>
internal static class Command
{
    public static async Task<CommandResult> RunAsync(string file, IEnumerable<string> arguments, CommandOptions? options = null)
    {
        options ??= new();
        using var process = Start(file, arguments, options);
        using var timeout = new CancellationTokenSource(options.Timeout);
        var output = process.StandardOutput.ReadToEndAsync(timeout.Token);
        var error = process.StandardError.ReadToEndAsync(timeout.Token);
        try
        {
            await process.StandardInput.WriteAsync(options.Input.AsMemory(), timeout.Token);
            process.StandardInput.Close();
            await process.WaitForExitAsync(timeout.Token);
            return new(process.ExitCode, await output, await error);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"{file} {string.Join(' ', arguments)} did not end within {options.Timeout}.");
        }
    }

    public static Process Start(string file, IEnumerable<string> arguments, CommandOptions options)
    {
        var start = new ProcessStartInfo(file, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = options.WorkingDirectory ?? "/",
        };
        foreach (var (name, value) in options.Environment)
            start.Environment[name] = value;
        return Process.Start(start) ?? throw new InvalidOperationException($"{file} did not start.");
    }
}
