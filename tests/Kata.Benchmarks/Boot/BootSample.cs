namespace Kata.Benchmarks.Boot;

/// <summary>One boot of a VMM.</summary>
/// <param name="ToInit">From starting the process to the first line of the guest's init.</param>
/// <param name="OverheadKib">Memory of the process besides the guest's, its shared pages in part (PSS), while the guest idles.</param>
/// <param name="Threads">Threads of the process then.</param>
internal sealed record BootSample(TimeSpan ToInit, long OverheadKib, int Threads);
