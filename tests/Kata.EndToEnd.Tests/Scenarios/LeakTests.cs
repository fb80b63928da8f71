using Kata.EndToEnd.Tests.Harness;

namespace Kata.EndToEnd.Tests.Scenarios;

/// <summary>Many containers; the base class compares the host before and after.</summary>
[TestClass]
public sealed class LeakTests : ScenarioTest
{
    // containerd keeps a few descriptors of its own, such as pooled connections, whatever the number of containers.
    private const int OwnDescriptors = 5;

    [TestMethod]
    public async Task Containers_ThirtyInSequence_LeaveNothing()
    {
        int before = ContainerdDescriptors();
        for (uint i = 0; i < 30; i++)
        {
            await using var container = await RunAsync("sh", "-c", $"echo {i}; exit {i}");
            Assert.AreEqual(new(i, $"{i}\n", ""), await container.Init.FinishAsync());
        }

        await Eventually.GetAsync(
            () => ContainerdDescriptors() <= before + OwnDescriptors ? this : null,
            $"return of containerd to {before} descriptors, it has {ContainerdDescriptors()}",
            Settings.Scaled(20));
    }

    [TestMethod]
    public async Task Containers_FiveAtOnce_WorkAndLeaveNothing()
    {
        await Task.WhenAll(Enumerable.Range(1, 5).Select(async i =>
        {
            await using var container = await RunAsync("sh", "-c", $"echo started; sleep {Settings.Scaled(2).TotalSeconds}; exit {i}");
            await container.Init.Io.WaitForOutputAsync("started");
            Assert.AreEqual($"exec {i}\n", (await container.ShellAsync($"echo exec {i}")).Succeeded());
            Assert.AreEqual((uint)i, (await container.Init.FinishAsync()).ExitStatus);
        }));
    }

    [TestMethod]
    public async Task Shim_HundredExecs_KeepsItsDescriptors()
    {
        await using var container = await RunAsync("sleep", "1000");
        int shim = HostProcesses.Shim(Host, container.Id).Pid;
        (await container.ShellAsync("true")).Succeeded();
        int before = Descriptors(shim);

        for (int i = 0; i < 25; i++)
            await Task.WhenAll(Enumerable.Range(0, 4).Select(async _ => (await container.ShellAsync("echo x; echo y >&2")).Succeeded()));

        await Eventually.GetAsync(
            () => Descriptors(shim) <= before + 2 ? this : null,
            $"return of the shim to {before} descriptors, it has {Descriptors(shim)}",
            Settings.Scaled(20));
    }

    private static int ContainerdDescriptors() => Descriptors(Host.Containerd.InsidePid);

    private static int Descriptors(int insidePid) => Directory.GetFiles($"{Host.Isolation.Root}/proc/{insidePid}/fd").Length;
}
