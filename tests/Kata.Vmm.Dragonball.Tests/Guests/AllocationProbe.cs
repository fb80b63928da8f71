using Kata.Vmm.Dragonball.Buses;

namespace Kata.Vmm.Dragonball.Tests.Guests;

/// <summary>A device that notes what the thread which calls it has allocated so far, after some calls.</summary>
internal sealed class AllocationProbe : IBusDevice
{
    private const int WarmUp = 1_000;
    private const int Steady = 50_000;
    private const int Control = 51_000;

    private readonly TaskCompletionSource _completed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _calls;
    private long _afterWarmUp;
    private long _afterSteady;

    /// <summary>Completes when everything below is known.</summary>
    public Task Completed => _completed.Task;

    /// <summary>Allocated between the 1,000th and the 50,000th call.</summary>
    public long SteadyBytes { get; private set; }

    /// <summary>Allocated in the 1,000 calls after that, after an array of a byte on purpose: the measurement sees such a thing.</summary>
    public long ControlBytes { get; private set; }

    public void Read(ulong offset, Span<byte> data) => Count();

    public void Write(ulong offset, ReadOnlySpan<byte> data) => Count();

    private void Count()
    {
        switch (++_calls)
        {
            case WarmUp:
                _afterWarmUp = GC.GetAllocatedBytesForCurrentThread();
                break;
            case Steady:
                _afterSteady = GC.GetAllocatedBytesForCurrentThread();
                GC.KeepAlive(new byte[1]);
                break;
            case Control:
                ControlBytes = GC.GetAllocatedBytesForCurrentThread() - _afterSteady;
                SteadyBytes = _afterSteady - _afterWarmUp;
                _completed.SetResult();
                break;
        }
    }
}
