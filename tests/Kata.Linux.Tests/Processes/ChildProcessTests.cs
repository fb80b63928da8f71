using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Kata.Linux.Tests.Processes;

[TestClass]
public sealed class ChildProcessTests
{
    public TestContext TestContext { get; set; } = null!;

    [TestMethod]
    [DataRow("exit 0", 0, 0)]
    [DataRow("exit 42", 42, 0)]
    [DataRow("kill -9 $$", 0, 9)]
    [DataRow("kill -15 $$", 0, 15)]
    public async Task Exited_AnyEnd_ReportsCodeOrSignal(string script, int code, int signal)
    {
        using var child = Shell(script);
        Assert.AreEqual(new ExitStatus(code, signal), await child.Exited.WaitAsync(TestContext.CancellationToken));
    }

    [TestMethod]
    public void Start_MissingExecutable_SaysWhichAndWhy()
    {
        var error = Assert.ThrowsExactly<LinuxException>(() => ChildProcess.Start(new ChildProcessOptions { Path = "/nonexistent/program" }));
        Assert.AreEqual(Errno.ENOENT, error.Errno);
        StringAssert.Contains(error.Message, "/nonexistent/program", StringComparison.Ordinal);
    }

    [TestMethod]
    public void StartUnwatched_Child_LivesUntilItIsKilledById()
    {
        var pid = ChildProcess.StartUnwatched(new ChildProcessOptions { Path = "/bin/sleep", Arguments = ["1000"] });
        var started = ProcessTable.StartTimeOf(pid);
        Assert.IsNotNull(started);
        Assert.IsTrue(ProcessTable.SendSignal(pid, Signal.SIGSTOP), "it is alive");
        Assert.IsTrue(ProcessTable.KillAndWait(pid, started.Value, TimeSpan.FromSeconds(10)), "it has ended");
    }

    [TestMethod]
    public async Task Start_SwappedDescriptors_EachArrivesAtItsNumber()
    {
        var (outRead, outWrite) = FileDescriptors.Pipe();
        var (errRead, errWrite) = FileDescriptors.Pipe();
        using var child = Shell("echo one; echo two >&2; echo seven >&7", new() { [1] = errWrite, [2] = outWrite, [7] = errWrite });
        outWrite.Dispose();
        errWrite.Dispose();
        Assert.AreEqual(0, (await child.Exited.WaitAsync(TestContext.CancellationToken)).Code);
        Assert.AreEqual("two\n", ReadToEnd(outRead));
        Assert.AreEqual("one\nseven\n", ReadToEnd(errRead));
    }

    [TestMethod]
    public async Task Start_NoDescriptorsGiven_InheritsNothing()
    {
        using var leaked = FileDescriptors.EventFd();
        var (read, write) = FileDescriptors.Pipe();
        using var child = Shell("exec ls /proc/self/fd", new() { [1] = write });
        write.Dispose();
        await child.Exited.WaitAsync(TestContext.CancellationToken);
        Assert.AreEqual("0\n1\n2\n3\n", ReadToEnd(read), "3 is the directory that ls reads");
    }

    [TestMethod]
    public async Task Start_EnvironmentDirectoryAndSession_AreTheChilds()
    {
        var (read, write) = FileDescriptors.Pipe();
        using var child = ChildProcess.Start(new ChildProcessOptions
        {
            Path = "/bin/sh",
            Arguments = ["-c", "echo $GREETING; pwd; cut -d' ' -f6 /proc/$$/stat; echo $$; exec grep -E 'SigIgn|SigBlk' /proc/self/status"],
            Environment = new Dictionary<string, string> { ["GREETING"] = "hallo", ["PATH"] = "/usr/bin:/bin" },
            WorkingDirectory = "/usr",
            NewSession = true,
            Descriptors = new Dictionary<int, System.Runtime.InteropServices.SafeHandle> { [1] = write },
        });
        write.Dispose();
        await child.Exited.WaitAsync(TestContext.CancellationToken);
        var lines = ReadToEnd(read).Split('\n');
        Assert.AreEqual("hallo", lines[0]);
        Assert.AreEqual("/usr", lines[1]);
        Assert.AreEqual(lines[3], lines[2], "leads its session");
        Assert.AreEqual(child.Id.ToString(System.Globalization.CultureInfo.InvariantCulture), lines[3]);
        foreach (var line in lines[4..6])
        {
            // 32 and 33 belong to glibc, which keeps everybody's hands off them.
            const ulong GlibcSignals = 0x1_8000_0000;
            var signals = ulong.Parse(line.Split('\t')[1], System.Globalization.NumberStyles.HexNumber, System.Globalization.CultureInfo.InvariantCulture);
            Assert.AreEqual(0UL, signals & ~GlibcSignals, line);
        }
    }

    [TestMethod]
    public async Task Exited_ManyAtOnce_AllAreReaped()
    {
        var children = Enumerable.Range(0, 50).Select(i => Shell($"exit {i}")).ToList();
        var statuses = await Task.WhenAll(children.Select(child => child.Exited)).WaitAsync(TestContext.CancellationToken);
        CollectionAssert.AreEqual(Enumerable.Range(0, 50).ToList(), statuses.Select(status => status.Code).ToList());
        foreach (var child in children)
        {
            Assert.IsNull(ProcessTable.StartTimeOf(child.Id));
            Assert.IsFalse(child.Kill(Signal.SIGKILL));
            child.Dispose();
        }
    }

    [TestMethod]
    public async Task KillAndWait_OtherStartTime_LeavesTheProcessAlone()
    {
        using var child = Shell("sleep 60");
        Assert.IsTrue(ProcessTable.KillAndWait(child.Id, child.StartTime + 1, TimeSpan.FromSeconds(5)));
        Assert.IsFalse(child.Exited.IsCompleted);
        Assert.IsTrue(ProcessTable.KillAndWait(child.Id, child.StartTime, TimeSpan.FromSeconds(5)));
        Assert.AreEqual(9, (await child.Exited.WaitAsync(TestContext.CancellationToken)).Signal);
    }

    private static ChildProcess Shell(string script, Dictionary<int, System.Runtime.InteropServices.SafeHandle>? descriptors = null) =>
        ChildProcess.Start(new ChildProcessOptions { Path = "/bin/sh", Arguments = ["-c", script], Descriptors = descriptors ?? [] });

    private static string ReadToEnd(SafeFileHandle descriptor)
    {
        var text = new StringBuilder();
        Span<byte> buffer = stackalloc byte[4096];
        int count;
        while ((count = FileDescriptors.Read(descriptor, buffer)) > 0)
            text.Append(Encoding.UTF8.GetString(buffer[..count]));
        return text.ToString();
    }
}
