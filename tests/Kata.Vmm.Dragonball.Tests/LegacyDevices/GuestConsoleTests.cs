using System.Text;
using Kata.Vmm.Dragonball.LegacyDevices;

namespace Kata.Vmm.Dragonball.Tests.LegacyDevices;

[TestClass]
public sealed class GuestConsoleTests
{
    [TestMethod]
    public void Tail_OfALongHistory_BeginsWithAWholeLine()
    {
        var console = new GuestConsole(null, () => { });
        for (var i = 0; i < 10_000; i++)
            Write(console, $"line {i}\n");

        var lines = console.Tail.Split('\n');

        Assert.IsLessThanOrEqualTo(4096, console.Tail.Length);
        Assert.AreEqual("line 9999", lines[^2]);
        StringAssert.StartsWith(lines[0], "line ");
    }

    [TestMethod]
    public void Panic_InPieces_IsNoticedOnce()
    {
        var console = new GuestConsole(null, () => { });
        foreach (var piece in new[] { "[    1.0", "00] Kernel pa", "nic - not sync", "ing: VFS: no root\r" })
            Write(console, piece);
        Assert.IsFalse(console.Panicked.IsCompleted);
        Write(console, "\n---[ end Kernel panic - not syncing: again ]---\n");

        Assert.IsTrue(console.Panicked.IsCompletedSuccessfully);
        Assert.AreEqual("Kernel panic - not syncing: VFS: no root", console.PanicMessage);
    }

    [TestMethod]
    public async Task Output_ToAStream_IsCompleteAtTheEnd()
    {
        using var output = new MemoryStream();
        var first = 0;
        var console = new GuestConsole(output, () => first++);
        console.Start();
        var expected = new StringBuilder();
        for (var i = 0; i < 2000; i++)
        {
            Write(console, $"{i} ");
            expected.Append(i).Append(' ');
        }

        await console.DisposeAsync();

        Assert.AreEqual(expected.ToString(), Encoding.ASCII.GetString(output.ToArray()));
        Assert.AreEqual(1, first);
    }

    [TestMethod]
    public async Task Output_ToAStreamThatHangsOrFails_NeverHoldsUpTheGuest()
    {
        using var gate = new ManualResetEventSlim();
        foreach (var stream in new Stream[] { new StubbornStream(gate.Wait), new StubbornStream(() => throw new InvalidOperationException()) })
        {
            var console = new GuestConsole(stream, () => { });
            console.Start();
            for (var i = 0; i < 100_000; i++)
                Write(console, "x\n");
            await console.DisposeAsync();
            Assert.IsGreaterThan(4000, console.Tail.Length);
        }

        gate.Set();
    }

    private static void Write(GuestConsole console, string text) => console.Write(Encoding.ASCII.GetBytes(text));

    private sealed class StubbornStream(Action write) : MemoryStream
    {
        public override void Write(byte[] buffer, int offset, int count) => write();
    }
}
