using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using Kata.Linux;
using Kata.Virtio.Devices;
using Kata.Virtio.Events;
using Kata.Virtio.Memory;
using Kata.Virtio.Queues;
using Microsoft.Extensions.Logging;

namespace Kata.Virtio.VhostUser.FrontEnd;

/// <summary>
/// The virtio file system device (virtio 1.2, 5.11) whose queues a vhost-user back end serves. Its configuration space is the front end's
/// own, as with every VMM. When the back end fails, the guest is told that the device needs a reset, and nothing revives it.
/// </summary>
internal sealed class VhostUserFileSystemDevice : IDelegatedDevice, IEventHandler, IDisposable
{
    public const int MaxTagBytes = 36;

    /// <summary>One for requests that must not wait, one for all others: Linux before 6.11 knows no more.</summary>
    private const int Queues = 2;

    private const int ConfigurationBytes = MaxTagBytes + sizeof(uint);

    private readonly EventLoop _loop;
    private readonly VhostUserFrontEnd _frontEnd;
    private readonly string _name;
    private readonly ILogger _logger;
    private readonly byte[] _configuration = new byte[ConfigurationBytes];
    private readonly ushort[] _positions = new ushort[Queues];
    private readonly bool[] _started = new bool[Queues];
    private readonly EventRegistration _registration;
    private GuestMemory? _memory;
    private bool _isShared;
    private bool _hasFailed;
    private LogGate _ringGate;

    /// <param name="loop">The device's own.</param>
    /// <param name="frontEnd">Connected; owned from here on.</param>
    /// <param name="name">What to call the back end in errors.</param>
    /// <param name="tag">At most <see cref="MaxTagBytes"/> in UTF-8.</param>
    public VhostUserFileSystemDevice(EventLoop loop, VhostUserFrontEnd frontEnd, string name, string tag, ushort queueSize, ILogger logger)
    {
        (_loop, _frontEnd, _name, MaxQueueSize, _logger) = (loop, frontEnd, name, queueSize, logger);
        Encoding.UTF8.GetBytes(tag, _configuration);
        BinaryPrimitives.WriteUInt32LittleEndian(_configuration.AsSpan(MaxTagBytes), Queues - 1);
        Features = frontEnd.Features & (VirtioFeatures.Version1 | VirtioFeatures.EventIndex | VirtioFeatures.IndirectDescriptors);
        if ((Features & VirtioFeatures.Version1) == 0)
            throw new VhostUserException("The back end is older than virtio 1.0.");
        if (frontEnd.QueueCount < Queues)
            throw new VhostUserException($"The back end serves {frontEnd.QueueCount} queues, but a file system has {Queues}.");
        _registration = loop.Add(frontEnd.Socket, EpollEvents.Readable | EpollEvents.ReadHangUp, this);
    }

    /// <summary>Told once, when the back end has failed.</summary>
    public Action<Exception>? Failed { get; set; }

    public uint DeviceType => Devices.DeviceType.FileSystem;

    public ulong Features { get; }

    public int QueueCount => Queues;

    public ushort MaxQueueSize { get; }

    public IVirtioTransport? Transport { get; set; }

    public long Deadline => long.MaxValue;

    public void SetMemory(GuestMemory memory)
    {
        VhostUserFrontEnd.CheckShareable(memory);
        _memory = memory;
        _isShared = false;
        // While rings run, the back end must learn of it at once.
        if (_started.Contains(true))
            Drive(Share);
    }

    public void SetFeatures(ulong features) => Drive(() => _frontEnd.SetFeatures(features));

    public void ReadConfiguration(uint offset, Span<byte> destination)
    {
        destination.Clear();
        if (offset < ConfigurationBytes)
            _configuration.AsSpan((int)offset, Math.Min(ConfigurationBytes - (int)offset, destination.Length)).CopyTo(destination);
    }

    public void StartQueue(int index, in QueueLayout layout, SafeHandle kick, SafeHandle call)
    {
        var ring = layout;
        Drive(() =>
        {
            Share();
            _started[index] = _frontEnd.TryStartRing(index, ring, _positions[index], kick, call);
            if (_ringGate.TryPass(out var suppressed))
                VhostUserLog.RingDelegated(_logger, index, ring.Size, _positions[index], suppressed);
            if (!_started[index])
                Transport?.DeviceNeedsReset();
        });
    }

    public void StopQueue(int index)
    {
        if (!_started[index])
            return;
        _started[index] = false;
        Drive(() => _positions[index] = _frontEnd.StopRing(index));
    }

    public void Reset() => Array.Clear(_positions);

    public void OnEvents(EpollEvents events, int token) => Drive(_frontEnd.CheckSilence);

    public bool Continue() => false;

    public void OnDeadline(long now)
    {
        // There is none.
    }

    public void OnIdle()
    {
        // The guest's pages are the VMM's own.
    }

    public void Dispose() => _frontEnd.Dispose();

    private void Share()
    {
        if (_isShared || _memory is null)
            return;
        _frontEnd.SetMemory(_memory);
        _isShared = true;
    }

    /// <summary>Talks to the back end, unless it has failed before.</summary>
    private void Drive(Action request)
    {
        if (_hasFailed)
            return;
        try
        {
            request();
        }
        catch (VhostUserException e)
        {
            _hasFailed = true;
            _loop.Remove(_registration, _frontEnd.Socket);
            // Closed, so that a back end that still lives lets go of the guest's memory.
            _frontEnd.Dispose();
            VhostUserLog.BackEndFailed(_logger, _name, e.Message);
            Transport?.DeviceNeedsReset();
            Failed?.Invoke(new IOException($"The vhost-user back end at {_name} failed. {e.Message}", e));
        }
    }
}
