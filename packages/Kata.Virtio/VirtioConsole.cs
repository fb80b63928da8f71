using Kata.Virtio.Console;
using Kata.Virtio.Events;

namespace Kata.Virtio;

/// <summary>
/// A console of one port: hvc0 of Linux, which is far cheaper than a serial port. Debian's kernels have the driver as a module before 6.12.
/// One thread, which sleeps unless there is something to do.
/// </summary>
public sealed class VirtioConsole : VirtioDevice
{
    private readonly ConsoleDevice _device;

    private VirtioConsole(ConsoleDevice device, DeviceThread thread)
        : base(device, [thread]) => _device = device;

    /// <summary>Makes the device.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The time limit is negative.</exception>
    public static VirtioConsole Create(VirtioConsoleOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(options.Output);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.OutputTimeout, TimeSpan.Zero, nameof(options.OutputTimeout));
        var thread = new DeviceThread("virtio-console");
        return new VirtioConsole(new ConsoleDevice(options, thread.Loop), thread);
    }

    /// <summary>
    /// Types something. Waits until the guest has read all but the last 4096 bytes; for ever when it does not read. From any thread; what
    /// several of them write at once comes one after the other.
    /// </summary>
    /// <exception cref="ObjectDisposedException">The device is gone.</exception>
    public Task WriteAsync(ReadOnlyMemory<byte> input, CancellationToken cancellationToken = default) =>
        _device.WriteAsync(input, cancellationToken);

    /// <summary>Tells the guest that its terminal has another size. From any thread.</summary>
    public void Resize(ushort columns, ushort rows) => _device.Resize(columns, rows);

    private protected override void Release() => _device.Dispose();
}
