namespace Kata.EndToEnd.Tests.Harness;

/// <summary>A process as the isolated host sees it.</summary>
internal sealed record HostProcess(int Pid, string StartTime, string Executable, string CommandLine)
{
    public static IReadOnlyList<HostProcess> All(IsolatedHost host)
    {
        var processes = new List<HostProcess>();
        foreach (string directory in Directory.EnumerateDirectories($"{host.Root}/proc"))
        {
            if (!int.TryParse(Path.GetFileName(directory), out int pid))
                continue;
            try
            {
                string commandLine = File.ReadAllText($"{directory}/cmdline").Replace('\0', ' ').Trim();
                if (commandLine.Length == 0)
                    commandLine = $"[{File.ReadAllText($"{directory}/comm").Trim()}]";
                string executable = new FileInfo($"{directory}/exe").LinkTarget ?? "";
                string status = File.ReadAllText($"{directory}/stat");
                // Field 22, counted after the command name, which may hold blanks.
                string startTime = status[(status.LastIndexOf(')') + 2)..].Split(' ')[19];
                processes.Add(new(pid, startTime, executable, commandLine));
            }
            catch (IOException)
            {
                // It ended while we looked.
            }
        }

        return processes;
    }
}
