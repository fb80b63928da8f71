using Kata.Virtio.Devices;

namespace Kata.Virtio.Tests.Fakes;

/// <summary>The least a transport does for a device that delegates its queues: runs it, and calls it on its thread.</summary>
internal sealed class DelegatedTransport : IVirtioTransport, IAsyncDisposable
{
    private readonly VirtioDevice _device;
    private readonly IDelegatedDevice _model;

    public DelegatedTransport(VirtioDevice device, SharedMachine machine)
    {
        _device = device;
        _model = (IDelegatedDevice)device.Model;
        _model.Transport = this;
        _model.SetMemory(machine.Memory);
        device.Threads.Single().Start(_model);
    }

    public TaskCompletionSource NeedsReset { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public void DeviceNeedsReset() => NeedsReset.TrySetResult();

    public void ConfigurationChanged()
    {
    }

    /// <summary>Features, then the queues, by index.</summary>
    public async Task StartAsync(params QueueDriver[] queues)
    {
        await RunAsync(model => model.SetFeatures(model.Features));
        for (var i = 0; i < queues.Length; i++)
            await StartQueueAsync(i, queues[i]);
    }

    public Task StartQueueAsync(int index, QueueDriver queue) =>
        RunAsync(model => model.StartQueue(index, queue.Ring.Layout, queue.Kick, queue.CallEvent));

    public Task RunAsync(Action<IDelegatedDevice> action)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _device.Threads[0].Loop.Post(() =>
        {
            action(_model);
            done.SetResult();
        });
        return done.Task.WaitAsync(TimeSpan.FromSeconds(20));
    }

    public ValueTask DisposeAsync() => _device.DisposeAsync();
}
