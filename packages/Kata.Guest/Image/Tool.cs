using System.Runtime.InteropServices;
using System.Text;
using Kata.Linux;
using Microsoft.Win32.SafeHandles;

namespace Kata.Guest.Image;

/// <summary>Runs the programs of the distribution that the builder leaves work to.</summary>
internal static class Tool
{
    /// <summary>Runs a program from PATH to its end.</summary>
    /// <param name="name">The program.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="output">What its standard output is; null for nothing.</param>
    /// <param name="cancellationToken">Ends the program.</param>
    /// <exception cref="GuestImageException">It is not installed, or failed; the message has its last words.</exception>
    public static async Task RunAsync(
        string name, IReadOnlyList<string> arguments, SafeFileHandle? output, CancellationToken cancellationToken)
    {
        using SafeFileHandle errors = FileDescriptors.Memory("errors", 0);
        var descriptors = new Dictionary<int, SafeHandle> { [2] = errors };
        if (output is not null) descriptors[1] = output;

        using ChildProcess child = ChildProcess.Start(
            new ChildProcessOptions { Path = Find(name), Arguments = arguments, Descriptors = descriptors });
        await using (cancellationToken.Register(() => child.Kill(Signal.SIGKILL)))
        {
            ExitStatus status = await child.Exited;
            cancellationToken.ThrowIfCancellationRequested();
            if (status.ShellCode != 0)
                throw new GuestImageException($"{name} {string.Join(' ', arguments)} failed ({status}): {LastLine(errors)}");
        }
    }

    private static string Find(string name) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "/usr/bin:/bin")
            .Split(':', StringSplitOptions.RemoveEmptyEntries)
            .Select(directory => Path.Combine(directory, name))
            .FirstOrDefault(File.Exists)
        ?? throw new GuestImageException($"{name} is needed for this and is not in PATH: install it.");

    private static string LastLine(SafeFileHandle errors)
    {
        byte[] text = new byte[Math.Min(RandomAccess.GetLength(errors), 4096)];
        int length = RandomAccess.Read(errors, text, 0);
        string[] lines = Encoding.UTF8.GetString(text, 0, length).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        return lines.Length == 0 ? "it said nothing" : lines[^1].Trim();
    }
}
