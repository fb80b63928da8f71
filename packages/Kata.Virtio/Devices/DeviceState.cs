using Kata.Virtio.Events;
using Kata.Virtio.Memory;
using Microsoft.Extensions.Logging;
using Microsoft.Win32.SafeHandles;

namespace Kata.Virtio.Devices;

/// <summary>
/// A device and what its driver has set up, whichever registers it did that through: status, features, queues, configuration space. One
/// caller at a time, on any thread but the device's own. What concerns the device runs on its threads and is waited for, so that a driver
/// that has stopped a device gets its memory back.
/// </summary>
internal sealed class DeviceState : IVirtioTransport, IDisposable
{
    private const DeviceStatus DriverBits =
        DeviceStatus.Acknowledge | DeviceStatus.Driver | DeviceStatus.DriverOk | DeviceStatus.FeaturesOk | DeviceStatus.Failed;

    /// <summary>Covers every device type's configuration space; beyond it everything reads as zero.</summary>
    private const int ConfigurationBytes = 256;

    /// <summary>A worker may be within a system call on slow storage. After this it is not expected to come back.</summary>
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(60);

    private readonly IVirtioDevice _model;
    private readonly IReadOnlyList<DeviceThread> _threads;
    private readonly SafeFileHandle _interruptEvent;
    private readonly EventFdInterrupt _interrupt = new();
    private readonly ILogger _logger;
    private readonly QueueState[] _queues;
    private readonly byte[] _configuration = new byte[ConfigurationBytes];
    private GuestMemory _memory;
    private DeviceStatus _status;
    private ulong _driverFeatures;
    private bool _isPaused;
    private bool _isLost;
    private LogGate _startedGate;
    private LogGate _resetGate;
    private LogGate _featuresGate;
    private LogGate _queueGate;

    // Shared with the device's threads, which never wait for a lock of the transport.
    private volatile bool _needsReset;
    private volatile bool _configurationChanged;
    private volatile bool _configurationIsCached;
    private int _generation;

    /// <summary>Puts the device behind a transport and starts its threads, which inherit the caller's namespaces.</summary>
    /// <param name="interrupt">The eventfd that interrupts the driver; stays the caller's.</param>
    public DeviceState(VirtioDevice device, GuestMemory memory, SafeFileHandle interrupt, ILogger logger)
    {
        (_model, _threads, _memory, _interruptEvent, _logger) = (device.Model, device.Threads, memory, interrupt, logger);
        if (_threads[0].IsStarted)
            throw new InvalidOperationException("The device is behind a transport already; make one device for each.");
        _interrupt.Set(interrupt);
        (_model as IDelegatedDevice)?.SetMemory(memory);
        _queues = [.. Enumerable.Range(0, _model.QueueCount).Select(index => new QueueState(index))];
        _model.Transport = this;
        for (var i = 0; i < _threads.Count; i++)
            _threads[i].Start(_model is IQueueDevice queueDevice ? queueDevice.Workers[i] : (IDelegatedDevice)_model);
    }

    public uint DeviceType => _model.DeviceType;

    public ulong DeviceFeatures => _model.Features;

    public ushort MaxQueueSize => _model.MaxQueueSize;

    public IReadOnlyList<QueueState> Queues => _queues;

    /// <summary>The queues run.</summary>
    public bool IsRunning => (_status & DeviceStatus.DriverOk) != 0;

    public DeviceStatus Status => _needsReset || _isLost ? _status | DeviceStatus.NeedsReset : _status;

    /// <summary>Changes with every change of configuration space that the driver did not make.</summary>
    public uint ConfigurationGeneration => (uint)Volatile.Read(ref _generation);

    /// <summary>The driver was interrupted because of configuration space or status, and has not acknowledged that.</summary>
    public bool ConfigurationInterrupt => _configurationChanged;

    public void AcknowledgeConfigurationInterrupt() => _configurationChanged = false;

    /// <summary>What the driver accepts, 32 bits of it. Fixed once it is agreed on.</summary>
    public void SetDriverFeatures(uint word, uint value)
    {
        if (word > 1 || (_status & DeviceStatus.FeaturesOk) != 0)
            return;
        var shift = (int)word * 32;
        _driverFeatures = (_driverFeatures & ~(0xffff_ffffUL << shift)) | ((ulong)value << shift);
    }

    /// <summary>
    /// The driver writes the status: 0 resets the device from any state; otherwise bits are only ever added, and those for which the
    /// conditions are not met stay clear.
    /// </summary>
    public void SetStatus(DeviceStatus value)
    {
        if (value == DeviceStatus.None)
        {
            Reset();
            return;
        }

        var added = value & DriverBits & ~_status;
        if ((added & DeviceStatus.FeaturesOk) != 0 && !FeaturesAreAcceptable())
            added &= ~DeviceStatus.FeaturesOk;
        if (((_status | added) & DeviceStatus.FeaturesOk) == 0)
            added &= ~DeviceStatus.DriverOk;
        _status |= added;
        if ((added & DeviceStatus.DriverOk) == 0)
            return;
        if (_startedGate.TryPass(out var suppressed))
            DeviceLog.Started(_logger, DeviceType, _driverFeatures, suppressed);
        if (TryRun(0, () => _model.SetFeatures(_driverFeatures)))
            StartQueues();
    }

    /// <summary>The driver has set a queue up, or takes it back.</summary>
    public void SetReady(int index, bool ready)
    {
        var queue = _queues[index];
        if (queue.IsReady == ready)
            return;
        queue.IsReady = ready;
        if (ready)
        {
            Start(index);
            return;
        }

        Stop(index);
        if (!_isLost)
            queue.Reset();
    }

    public void ReadConfiguration(uint offset, Span<byte> destination)
    {
        if (!_configurationIsCached)
        {
            // First, so that a change during the reading empties the cache again.
            _configurationIsCached = true;
            _ = TryRun(0, () => _model.ReadConfiguration(0, _configuration));
        }

        destination.Clear();
        if (offset < ConfigurationBytes)
            _configuration.AsSpan((int)offset, Math.Min(destination.Length, ConfigurationBytes - (int)offset)).CopyTo(destination);
    }

    public void WriteConfiguration(uint offset, ReadOnlySpan<byte> source)
    {
        var data = source.ToArray();
        _ = TryRun(0, () => _model.WriteConfiguration(offset, data));
        _configurationIsCached = false;
    }

    /// <summary>Stops the queues where they are.</summary>
    public void Pause()
    {
        _isPaused = true;
        StopQueues();
    }

    /// <summary>Lets the queues go on.</summary>
    public void Resume()
    {
        _isPaused = false;
        StartQueues();
    }

    /// <summary>Guest memory has other regions now.</summary>
    /// <exception cref="InvalidOperationException">Whoever serves the queues cannot map it, or the device is lost.</exception>
    public void SetMemory(GuestMemory memory)
    {
        _memory = memory;
        if (_model is IDelegatedDevice delegated)
            SetMemory(delegated, memory);
        else
            RebindQueues(memory);
        if (_isLost)
            throw new InvalidOperationException("The device is lost, and may touch the memory that it had until it is disposed.");
    }

    public void DeviceNeedsReset()
    {
        _needsReset = true;
        _configurationChanged = true;
        _interrupt.Signal();
    }

    public void ConfigurationChanged()
    {
        Interlocked.Increment(ref _generation);
        _configurationIsCached = false;
        _configurationChanged = true;
        _interrupt.Signal();
    }

    /// <summary>Takes the queues from the device.</summary>
    public void Dispose()
    {
        StopQueues();
        if (_isLost)
            return;
        _ = TryRun(0, () => _model.Transport = null);
        foreach (var queue in _queues)
            queue.Dispose();
    }

    private bool FeaturesAreAcceptable()
    {
        if ((_driverFeatures & ~DeviceFeatures) == 0 && (_driverFeatures & VirtioFeatures.Version1) != 0)
            return true;
        if (_featuresGate.TryPass(out var suppressed))
            DeviceLog.FeaturesRefused(_logger, DeviceType, _driverFeatures, DeviceFeatures, suppressed);
        return false;
    }

    private void SetMemory(IDelegatedDevice delegated, GuestMemory memory)
    {
        InvalidOperationException? refusal = null;
        _ = TryRun(0, () =>
        {
            try
            {
                delegated.SetMemory(memory);
            }
            catch (InvalidOperationException e)
            {
                refusal = e;
            }
        });
        if (refusal is not null)
            throw refusal;
    }

    private void RebindQueues(GuestMemory memory)
    {
        for (var i = 0; i < _queues.Length; i++)
        {
            var (queue, bound) = (_queues[i], false);
            if (!queue.IsStarted || !TryRun(WorkerOf(i), () => bound = queue.Served.TryRebind(memory)) || bound)
                continue;
            Stop(i);
            Refuse(i);
        }
    }

    private void StartQueues()
    {
        for (var i = 0; i < _queues.Length; i++)
            Start(i);
    }

    private void StopQueues()
    {
        for (var i = 0; i < _queues.Length; i++)
            Stop(i);
    }

    private void Start(int index)
    {
        var queue = _queues[index];
        if (!queue.IsReady || queue.IsStarted || !IsRunning || _isPaused)
            return;
        var layout = queue.Layout(_driverFeatures);
        var thread = WorkerOf(index);
        var started = true;
        queue.IsStarted = _model switch
        {
            IQueueDevice device => TryRun(
                thread,
                () => started = queue.Served.TryStart(
                    _threads[thread].Loop, device.Workers[thread], queue.Kick, _memory, layout, _interrupt)) && started,
            IDelegatedDevice device => TryRun(thread, () => device.StartQueue(index, layout, queue.Kick, _interruptEvent)),
            _ => false,
        };
        if (!started)
            Refuse(index);
    }

    private void Stop(int index)
    {
        var queue = _queues[index];
        if (!queue.IsStarted)
            return;
        var thread = WorkerOf(index);
        queue.IsStarted = !TryRun(thread, () =>
        {
            if (_model is IDelegatedDevice device)
                device.StopQueue(index);
            else
                queue.Served.Stop();
        });
    }

    private int WorkerOf(int queue) => _model is IQueueDevice device ? device.WorkerOf(queue) : 0;

    private void Refuse(int index)
    {
        if (_queueGate.TryPass(out var suppressed))
            DeviceLog.QueueRefused(_logger, DeviceType, index, _queues[index].Size, suppressed);
        DeviceNeedsReset();
    }

    private void Reset()
    {
        StopQueues();
        if (!TryRun(0, _model.Reset))
            return;
        foreach (var queue in _queues)
            queue.Reset();
        // After the queues have stopped nothing of the device's can set these again.
        _needsReset = _configurationChanged = _configurationIsCached = false;
        _driverFeatures = 0;
        if (_status != DeviceStatus.None && _resetGate.TryPass(out var suppressed))
            DeviceLog.WasReset(_logger, DeviceType, suppressed);
        _status = DeviceStatus.None;
    }

    /// <summary>
    /// Runs something on a thread of the device and waits for it. False, now and from then on, when the thread has ended or does not
    /// answer: the device never gives back what it holds, so it must not be set up again.
    /// </summary>
    private bool TryRun(int thread, Action action)
    {
        if (_isLost)
            return false;
        if (_threads[thread].TryRun(action, AnswerLimit))
            return true;
        _isLost = true;
        // One that has ended has reported why.
        if (!_threads[thread].Completed.IsCompleted)
            DeviceLog.Lost(_logger, DeviceType, (int)AnswerLimit.TotalSeconds);
        return false;
    }
}
