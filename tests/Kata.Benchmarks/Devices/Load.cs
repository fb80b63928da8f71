using System.Diagnostics;

namespace Kata.Benchmarks.Devices;

/// <summary>Keeps a number of requests in flight for some time.</summary>
internal static class Load
{
    /// <summary>
    /// What a guest needs between a completion and its next request, at least. Without it two processes on two processors may fall into a
    /// rhythm in which neither ever sleeps, which no machine does.
    /// </summary>
    private static readonly long ThinkTicks = Stopwatch.Frequency * 5 / 1_000_000;

    /// <summary>Counts requests.</summary>
    /// <param name="queue">Where the requests go.</param>
    /// <param name="depth">Requests in flight. With one, the driver takes 5 µs from each completion to the next request.</param>
    /// <param name="time">How long.</param>
    /// <param name="prepare">Makes the next request at a slot.</param>
    /// <param name="check">Judges a finished request at its slot.</param>
    public static Figure Run(RequestQueue queue, int depth, TimeSpan time, Action<int> prepare, Action<int> check)
    {
        var clock = Stopwatch.StartNew();
        for (var slot = 0; slot < depth; slot++)
        {
            prepare(slot);
            queue.Offer(slot);
        }

        queue.Notify();
        var (inFlight, done) = (depth, 0L);
        while (inFlight > 0)
        {
            queue.Wait();
            var goesOn = clock.Elapsed < time;
            for (int slot; (slot = queue.TryTake()) >= 0;)
            {
                check(slot);
                done++;
                if (!goesOn)
                {
                    inFlight--;
                    continue;
                }

                prepare(slot);
                if (depth == 1)
                    Think();
                queue.Offer(slot);
            }

            queue.Notify();
        }

        return new Figure(done, clock.Elapsed);
    }

    private static void Think()
    {
        for (var end = Stopwatch.GetTimestamp() + ThinkTicks; Stopwatch.GetTimestamp() < end;)
        {
        }
    }
}
