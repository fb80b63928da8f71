using System.ComponentModel;
using System.Diagnostics;

namespace Kata.Vmm.Dragonball.Tests.Guests;

/// <summary>Programs of the host.</summary>
internal static class HostCommand
{
    /// <summary>Runs one, which must succeed. Returns what it said.</summary>
    public static string Run(string program, params string[] arguments)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true })!;
            var output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            Assert.AreEqual(0, process.ExitCode, $"{program} {string.Join(' ', arguments)}\n{output}");
            return output;
        }
        catch (Win32Exception)
        {
            Assert.Inconclusive($"needs Debian's {program}");
            return "";
        }
    }
}
