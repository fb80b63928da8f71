namespace Kata.Virtio.Events;

/// <summary>
/// A thread of a device and its event loop. The thread begins with <see cref="Start"/> and so inherits the namespaces of whoever calls it.
/// </summary>
internal sealed class DeviceThread : IAsyncDisposable
{
    private const int StackBytes = 256 * 1024;

    private readonly string _name;
    private readonly TaskCompletionSource _completed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _started;

    /// <param name="name">What the system shows: at most 15 bytes.</param>
    public DeviceThread(string name) => _name = name;

    public EventLoop Loop { get; } = new();

    /// <summary>Ends with the thread; faults with what it failed of, which is a defect or the host's lack of resources.</summary>
    public Task Completed => _completed.Task;

    /// <summary>Runs the loop for <paramref name="client"/>. Once.</summary>
    /// <param name="client">What the loop runs.</param>
    /// <param name="ended">Called at the end, on the thread.</param>
    public void Start(IEventLoopClient client, Action? ended = null)
    {
        _started = true;
        new Thread(() => Run(client, ended), StackBytes) { IsBackground = true, Name = _name }.Start();
    }

    /// <summary>Ends the thread and waits for it.</summary>
    public async ValueTask DisposeAsync()
    {
        Loop.Stop();
        if (_started)
            await _completed.Task.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        else
            Loop.Dispose();
    }

    private void Run(IEventLoopClient client, Action? ended)
    {
        Exception? failure = null;
        try
        {
            Loop.Run(client);
        }
        catch (Exception e)
        {
            failure = e;
        }

        try
        {
            ended?.Invoke();
            Loop.Dispose();
        }
        catch (Exception e)
        {
            failure ??= e;
        }

        if (failure is null)
            _completed.SetResult();
        else
            _completed.SetException(failure);
    }
}
