using Kata.Vmm.Dragonball.Tests.Guests;

namespace Kata.Vmm.Dragonball.Tests.Vcpus;

[TestClass]
public sealed class VcpuThreadTests : KvmTest
{
    private const int Kicks = 1000;

    [TestMethod]
    public async Task Pause_ThousandsOfTimesDuringCollections_AlwaysArrives()
    {
        // One guest needs nobody, one exits all the time, one sleeps in the kernel.
        byte[][] guests = [[0xEB, 0xFE], [0xE6, 0x90, 0xEB, 0xFC], [0xF4, 0xEB, 0xFD]];
        using var ending = new CancellationTokenSource();
        var collector = Task.Run(() =>
        {
            do
                GC.Collect();
            while (!ending.Token.WaitHandle.WaitOne(1));
        });
        foreach (var code in guests)
        {
            await using var guest = new RealModeGuest(code);
            await guest.RunAsync();
            for (var i = 0; i < Kicks; i++)
            {
                await guest.Thread.PauseAsync().WaitAsync(Limit);
                guest.Thread.Resume();
            }

            Assert.IsFalse(guest.End.IsSet);
        }

        await ending.CancelAsync();
        await collector;
    }

    [TestMethod]
    public async Task Exit_OfAThreadInAnyState_IsPrompt()
    {
        await using var fresh = new RealModeGuest(0xEB, 0xFE);
        await fresh.Thread.ExitAsync().WaitAsync(Limit);

        await using var paused = new RealModeGuest(0xEB, 0xFE);
        await paused.Thread.StartAsync().WaitAsync(Limit);
        Assert.AreNotEqual(0, paused.Thread.ThreadId);
        await paused.Thread.ExitAsync().WaitAsync(Limit);
        Assert.AreEqual(0, paused.Thread.ThreadId);
        await paused.Thread.PauseAsync().WaitAsync(Limit);
    }

    [TestMethod]
    public async Task Thread_OfAVcpu_IsNamedAfterIt()
    {
        await using var guest = new RealModeGuest(0xEB, 0xFE);
        await guest.RunAsync();
        Assert.AreEqual("vcpu0\n", await File.ReadAllTextAsync($"/proc/self/task/{guest.Thread.ThreadId}/comm"));
    }
}
