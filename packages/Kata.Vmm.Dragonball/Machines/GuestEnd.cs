namespace Kata.Vmm.Dragonball.Machines;

/// <summary>The end of a guest: whoever comes first says why.</summary>
internal sealed class GuestEnd
{
    private readonly TaskCompletionSource<(MicroVmExitReason Reason, string Detail)> _source =
        new(TaskCreationOptions.RunContinuationsAsynchronously);

    private volatile bool _isSet;

    /// <summary>Whether no vCPU should run any further.</summary>
    public bool IsSet => _isSet;

    /// <summary>Completes with the first reason.</summary>
    public Task<(MicroVmExitReason Reason, string Detail)> Task => _source.Task;

    /// <summary>Ends the guest. From any thread; does nothing when it has ended already.</summary>
    public void Set(MicroVmExitReason reason, string detail)
    {
        _isSet = true;
        _source.TrySetResult((reason, detail));
    }
}
