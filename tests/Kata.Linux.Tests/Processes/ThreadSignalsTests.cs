namespace Kata.Linux.Tests.Processes;

[TestClass]
[DoNotParallelize]
public sealed class ThreadSignalsTests
{
    [TestMethod]
    public void Send_WhereTooManySignalsWait_WaitsUntilThereIsRoom()
    {
        const int signal = ThreadSignals.FirstFree;
        using var blocked = new ManualResetEventSlim();
        using var sent = new ManualResetEventSlim();
        var receiver = 0;
        var came = false;
        var thread = new Thread(() =>
        {
            ThreadSignals.Block(signal);
            receiver = ThreadSignals.CurrentThreadId;
            blocked.Set();
            sent.Wait();
            came = ThreadSignals.TryTake(signal);
        });
        thread.Start();
        blocked.Wait();
        var sender = new Thread(() =>
        {
            ThreadSignals.Send(receiver, signal);
            sent.Set();
        });
        using (new ResourceLimit(ResourceLimit.PendingSignals, 0))
        {
            sender.Start();
            Assert.IsFalse(sent.Wait(TimeSpan.FromMilliseconds(100)), "There was room.");
        }

        Assert.IsTrue(sent.Wait(TimeSpan.FromSeconds(20)));
        thread.Join();
        sender.Join();
        Assert.IsTrue(came);
    }
}
