using System.Runtime.InteropServices;

namespace Kata.Linux.Tests.Processes;

/// <summary>A host that has no thread left, for one user who is not root.</summary>
internal static partial class ThreadLimit
{
    private const int SYS_setresuid = 117;
    private const int Nobody = 65534;

    /// <summary>Runs something on a thread that may start no other one. Nothing may run beside it.</summary>
    /// <returns>What it threw, or null.</returns>
    public static Exception? Run(Action action)
    {
        if (CurrentProcess.EffectiveUserId != 0)
            Assert.Inconclusive("needs root");
        Exception? thrown = null;
        var thread = new Thread(() =>
        {
            try
            {
                // As a system call: only of this thread, which loses root's capabilities with it.
                Assert.AreEqual(0, syscall(SYS_setresuid, Nobody, Nobody, Nobody));
                action();
            }
            catch (Exception e)
            {
                thrown = e;
            }
        });
        using var none = new ResourceLimit(ResourceLimit.Threads, 0);
        thread.Start();
        thread.Join();
        return thrown;
    }

    [LibraryImport("libc")]
    private static partial nint syscall(nint number, nint real, nint effective, nint saved);
}
