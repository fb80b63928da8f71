using System.Diagnostics;

namespace Kata.Benchmarks.Devices;

/// <summary>Keeps a number of requests in flight for some time.</summary>
internal static class Load
{
    /// <summary>Counts requests.</summary>
    /// <param name="queue">Where the requests go.</param>
    /// <param name="depth">Requests in flight.</param>
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
                queue.Offer(slot);
            }

            queue.Notify();
        }

        return new Figure(done, clock.Elapsed);
    }
}
