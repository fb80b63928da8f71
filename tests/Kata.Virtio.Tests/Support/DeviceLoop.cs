using System.Runtime.ExceptionServices;
using Kata.Virtio.Events;

namespace Kata.Virtio.Tests.Support;

/// <summary>What tests do on a device's own thread.</summary>
internal static class DeviceLoop
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    /// <summary>Runs something there and waits for it.</summary>
    public static T Invoke<T>(this EventLoop loop, Func<T> action)
    {
        var result = default(T)!;
        loop.Invoke(() => { result = action(); });
        return result;
    }

    /// <summary>Runs something there and waits for it.</summary>
    public static void Invoke(this EventLoop loop, Action action)
    {
        ExceptionDispatchInfo? failure = null;
        using var done = new ManualResetEventSlim();
        loop.Post(() =>
        {
            try
            {
                action();
            }
            catch (Exception exception)
            {
                failure = ExceptionDispatchInfo.Capture(exception);
            }

            done.Set();
        });
        Assert.IsTrue(done.Wait(Limit), "The device's thread does not answer.");
        failure?.Throw();
    }

    /// <summary>Bytes that the thread has allocated on the managed heap.</summary>
    public static long AllocatedBytes(this EventLoop loop) => loop.Invoke(GC.GetAllocatedBytesForCurrentThread);

    /// <summary>
    /// What the thread allocates while a test does something: the least of three times. Asking it is not free of that: the first contention
    /// for the loop's lock allocates what it waits with.
    /// </summary>
    public static long AllocatedDuring(this EventLoop loop, Action action) => Enumerable.Range(0, 3).Min(_ =>
    {
        var before = loop.AllocatedBytes();
        action();
        return loop.AllocatedBytes() - before;
    });
}
