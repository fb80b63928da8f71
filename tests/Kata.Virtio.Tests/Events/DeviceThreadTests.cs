using Kata.Linux;
using Kata.Linux.Tests.Processes;
using Microsoft.Extensions.Logging.Abstractions;

namespace Kata.Virtio.Tests.Events;

[TestClass]
[DoNotParallelize]
public sealed class DeviceThreadTests
{
    [TestMethod]
    public async Task Start_WhereNoThreadIsLeft_LeavesADeviceThatCanBeDisposed()
    {
        var device = VirtioRng.Create(NullLogger.Instance);

        var e = ThreadLimit.Run(() => device.Threads[0].Start((Devices.IQueueWorker)device.Model));

        Assert.IsInstanceOfType<LinuxException>(e, $"{e}");
        await device.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(20));
    }
}
