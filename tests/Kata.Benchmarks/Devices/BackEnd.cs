using System.Globalization;

namespace Kata.Benchmarks.Devices;

/// <summary>A running back end of one device.</summary>
internal sealed class BackEnd : IAsyncDisposable
{
    private const double TicksPerSecond = 100;

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

    /// <summary>Starts a program and waits for its socket.</summary>
    /// <param name="processor">
    /// The one it is bound to, so that the scheduler cannot put both sides on one processor now and on two then; null for any.
    /// </param>
    public static async Task<BackEnd> StartAsync(string name, string socketPath, string? processor, params string[] command)
    {
        var bound = processor is null ? command : ["/usr/bin/taskset", "-c", processor, .. command];
        var backEnd = new BackEnd(name, Child.Start(bound[0], bound[1..]));
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
