using System.Globalization;

namespace Kata.Benchmarks.Devices;

/// <summary>A running back end of one device.</summary>
internal sealed class BackEnd : IAsyncDisposable
{
    private const double TicksPerSecond = 100;

    /// <summary>
    /// On a processor of its own: whether the scheduler puts both sides on one or on two makes more of a difference than the programs.
    /// </summary>
    private const string Processor = "1";

    private readonly Child _child;

    private BackEnd(string name, Child child) => (Name, _child) = (name, child);

    public string Name { get; }

    /// <summary>User and system time of the process, ended threads included, in steps of 10 ms.</summary>
    public TimeSpan Cpu
    {
        get
        {
            var text = File.ReadAllText($"/proc/{_child.Id}/stat");
            var fields = text[(text.LastIndexOf(')') + 2)..].Split(' ');
            var ticks = long.Parse(fields[11], CultureInfo.InvariantCulture) + long.Parse(fields[12], CultureInfo.InvariantCulture);
            return TimeSpan.FromSeconds(ticks / TicksPerSecond);
        }
    }

    /// <summary>Starts a program on the second processor and waits for its socket.</summary>
    public static async Task<BackEnd> StartAsync(string name, string socketPath, params string[] command)
    {
        var backEnd = new BackEnd(name, Child.Start("/usr/bin/taskset", ["-c", Processor, .. command]));
        for (var i = 0; !File.Exists(socketPath); i++)
        {
            if (i == 500)
            {
                await backEnd.DisposeAsync();
                throw new TimeoutException($"{name} made no socket: {string.Join(' ', command)}");
            }

            await Task.Delay(10);
        }

        return backEnd;
    }

    public ValueTask DisposeAsync() => _child.DisposeAsync();
}
