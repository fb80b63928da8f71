namespace Kata.Shim.Resources;

/// <summary>The state of a sandbox's resources, on disk before it is true.</summary>
internal sealed class ResourceJournal(Action save)
{
    private readonly Lock _gate = new();
    private SandboxResourceState _state = new();

    /// <summary>The latest state.</summary>
    public SandboxResourceState State
    {
        get
        {
            lock (_gate)
                return _state;
        }
    }

    /// <summary>Records what is about to be taken. When it cannot be written, the state is as before and nothing may be taken.</summary>
    public void Record(Func<SandboxResourceState, SandboxResourceState> change)
    {
        SandboxResourceState before;
        lock (_gate)
        {
            before = _state;
            _state = change(before);
        }

        try
        {
            save();
        }
        catch
        {
            lock (_gate)
                _state = before;
            throw;
        }
    }

    /// <summary>Forgets what has been given back. On disk it may stay a while: cleaning up twice does no harm.</summary>
    public void Forget(Func<SandboxResourceState, SandboxResourceState> change)
    {
        lock (_gate)
            _state = change(_state);
    }
}
