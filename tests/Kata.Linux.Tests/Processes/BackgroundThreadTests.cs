namespace Kata.Linux.Tests.Processes;

[TestClass]
[DoNotParallelize]
public sealed class BackgroundThreadTests
{
    [TestMethod]
    public void Start_WhereNoThreadIsLeft_SaysSo()
    {
        var e = ThreadLimit.Run(() => BackgroundThread.Start("one-more", 128 * 1024, () => { }));

        Assert.IsInstanceOfType<LinuxException>(e, $"{e}");
        Assert.AreEqual(Errno.EAGAIN, ((LinuxException)e).Errno);
        StringAssert.Contains(e.Message, "one-more");
    }

    [TestMethod]
    public void Start_NamesTheThread()
    {
        var name = "";
        using var ended = new ManualResetEventSlim();
        BackgroundThread.Start("named", 128 * 1024, () =>
        {
            name = File.ReadAllText($"/proc/self/task/{ThreadSignals.CurrentThreadId}/comm");
            ended.Set();
        });
        Assert.IsTrue(ended.Wait(TimeSpan.FromSeconds(20)));
        Assert.AreEqual("named\n", name);
    }
}
