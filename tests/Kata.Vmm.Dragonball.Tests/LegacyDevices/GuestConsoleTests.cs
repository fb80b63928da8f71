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
    [DataRow("[    2.6] Kernel panic - not complaints: 0\r\n syncing: no root\r\n")]
    [DataRow("complaints: 0[    2.6] Kern\r\nel panic - not syncing: no root\r\n")]
    [DataRow("Keyboard\nK[    2.6] Kernel panic - nosome\r\nwords\r\nK\r\nt syncing: no root\r\n")]
    public void Panic_WithAProgramsWordsInIt_IsNoticed(string text)
    {
        var console = new GuestConsole(null, () => { });
        // The message crosses the end of the ring.
        for (var i = 0; i < 65_500; i++)
            Write(console, ".");
        Write(console, text);

        Assert.IsTrue(console.Panicked.IsCompletedSuccessfully);
        Assert.AreEqual("Kernel panic - not syncing: no root", console.PanicMessage);
    }

    [TestMethod]
    [DataRow("Kernel panics are not synchronous: being\n")]
    [DataRow("Kernel\n")]
    public void Words_ThatAreNoPanic_AreNotTaken(string text)
    {
        var console = new GuestConsole(null, () => { });
        Write(console, text);
        Write(console, string.Concat(Enumerable.Repeat("panic - not\n", 20)) + "syncing\n");

        Assert.IsFalse(console.Panicked.IsCompleted);
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
