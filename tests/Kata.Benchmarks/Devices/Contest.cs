using System.Globalization;

namespace Kata.Benchmarks.Devices;

/// <summary>Back ends of one kind of device taking turns under the same loads. The first is ours.</summary>
internal sealed class Contest<TLoad>(string title, int runs) : IAsyncDisposable
    where TLoad : IDisposable
{
    private readonly List<(BackEnd BackEnd, TLoad Load)> _sides = [];

    public void Add(BackEnd backEnd, TLoad load) => _sides.Add((backEnd, load));

    public void PrintHeader()
    {
        Console.WriteLine($"{title}, medians of {runs} runs taking turns (range); ratio to each peer: above 1 is better for a rate, below 1 for CPU");
        Console.WriteLine($"  {"",-32}{"",-22}{"rate",24}{"ratio",8}{"CPU us per unit",18}{"ratio",8}");
    }

    /// <summary>Measures one load on all sides.</summary>
    public void Run(string name, string unit, Func<TLoad, Figure> measure)
    {
        var rates = _sides.ConvertAll(_ => new List<double>());
        var cpu = new TimeSpan[_sides.Count];
        var counts = new double[_sides.Count];
        for (var run = -1; run < runs; run++)
        {
            for (var turn = 0; turn < _sides.Count; turn++)
            {
                var i = (turn + run + 1) % _sides.Count;
                var before = _sides[i].BackEnd.Cpu;
                var figure = measure(_sides[i].Load);
                if (run < 0)
                    continue;
                rates[i].Add(figure.Rate);
                cpu[i] += _sides[i].BackEnd.Cpu - before;
                counts[i] += figure.Count;
            }
        }

        for (var i = 0; i < _sides.Count; i++)
        {
            var (rate, cost) = (Statistics.Median(rates[i]), cpu[i].TotalMicroseconds / counts[i]);
            var (ours, oursCost) = (Statistics.Median(rates[0]), cpu[0].TotalMicroseconds / counts[0]);
            var ratios = i == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $"{ours / rate,8:0.00}");
            var costRatio = i == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $"{oursCost / cost,8:0.00}");
            var title = $"{(i == 0 ? $"{name}, {unit}" : ""),-32}{_sides[i].BackEnd.Name,-22}";
            var range = string.Create(CultureInfo.InvariantCulture, $"{rate:0} ({rates[i].Min():0}-{rates[i].Max():0})");
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {title}{range,24}{ratios,8}{cost,18:0.0}{costRatio,8}"));
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var (backEnd, load) in _sides)
        {
            load.Dispose();
            await backEnd.DisposeAsync();
        }
    }
}
