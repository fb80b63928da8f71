using Kata.Linux;

namespace Kata.Virtio.Events;

/// <summary>
/// A thread of a device and its event loop. The thread begins with <see cref="Start"/> and so inherits the namespaces of whoever calls it.
/// </summary>
internal sealed class DeviceThread : IAsyncDisposable
{
    private const int StackBytes = 256 * 1024;

    private const int PollMilliseconds = 50;

    private readonly string _name;
    private readonly TaskCompletionSource _completed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Thread? _thread;

    /// <param name="name">What the system shows: at most 15 bytes.</param>
    public DeviceThread(string name) => _name = name;

    public EventLoop Loop { get; } = new();

    /// <summary>Ends with the thread; faults with what it failed of, which is a defect or the host's lack of resources.</summary>
    public Task Completed => _completed.Task;

    public bool IsStarted { get; private set; }

    /// <summary>Runs the loop for <paramref name="client"/>. Once.</summary>
    /// <param name="client">What the loop runs.</param>
    /// <param name="ended">Called at the end, on the thread.</param>
    /// <exception cref="LinuxException">There can be no further thread.</exception>
    public void Start(IEventLoopClient client, Action? ended = null)
    {
        BackgroundThread.Start(_name, StackBytes, () => Run(client, ended));
        IsStarted = true;
    }

    /// <summary>
    /// Runs something on the thread and waits for it. False when the thread has ended without, or does not answer in time: then it may run
    /// at any time later, so what it uses must stay.
    /// </summary>
    public bool TryRun(Action action, TimeSpan limit)
    {
        if (Thread.CurrentThread == _thread)
        {
            action();
            return true;
        }

        var answered = new ManualResetEventSlim();
        Loop.Post(() =>
        {
            action();
            answered.Set();
        });
        var end = Environment.TickCount64 + (long)limit.TotalMilliseconds;
        while (!answered.Wait(PollMilliseconds))
        {
            // It may have answered just before its end.
            if (Completed.IsCompleted || Environment.TickCount64 >= end)
                return answered.IsSet;
        }

        return true;
    }

    /// <summary>Ends the thread and waits for it.</summary>
    public async ValueTask DisposeAsync()
    {
        Loop.Stop();
        if (IsStarted)
            await _completed.Task.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        else
            Loop.Dispose();
    }

    private void Run(IEventLoopClient client, Action? ended)
    {
        _thread = Thread.CurrentThread;
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
