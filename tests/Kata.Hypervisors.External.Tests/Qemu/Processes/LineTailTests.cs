using System.Text;
using Kata.Hypervisors.External.Qemu.Processes;
using Kata.Linux;

namespace Kata.Hypervisors.External.Tests.Qemu.Processes;

[TestClass]
public sealed class LineTailTests
{
    [TestMethod]
    public async Task Lines_HostileStream_AreFewShortAndClean()
    {
        var (read, write) = UnixSocket.Pair();
        var count = 0;
        using var tail = new LineTail(read, _ => count++, TimeProvider.System);
        var text = new StringBuilder();
        for (var i = 0; i < 100; i++)
            text.Append(i).Append('\n');
        text.Append('x', 5000).Append("\r\n\n").Append("\u001b[2J\u0007red\u0000\tcell\u009b\n").Append("no end");
        FileDescriptors.WriteAll(write, Encoding.UTF8.GetBytes(text.ToString()));
        write.Dispose();
        await tail.Completed;
        Assert.AreEqual(103, count);
        Assert.AreEqual(32, tail.Lines.Count);
        Assert.AreEqual("99", tail.Lines[^4]);
        Assert.AreEqual(1024, tail.Lines[^3].Length);
        Assert.AreEqual("[2J red \tcell", tail.Lines[^2]);
        Assert.AreEqual("no end", tail.Lines[^1]);
    }

    [TestMethod]
    public async Task Dispose_WriterLivesOn_Completes()
    {
        var (read, write) = UnixSocket.Pair();
        using (write)
        {
            var tail = new LineTail(read, _ => { }, TimeProvider.System);
            tail.Dispose();
            await tail.Completed.WaitAsync(TimeSpan.FromSeconds(30));
        }
    }
}
