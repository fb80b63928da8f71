using System.Globalization;
using System.Text.RegularExpressions;
using Kata.EndToEnd.Tests.Harness;

namespace Kata.EndToEnd.Tests.Scenarios;

/// <summary>A container sees its own VM: kernel, memory and CPUs.</summary>
[TestClass]
public sealed class GuestTests : ScenarioTest
{
    [TestMethod]
    [TestCategory(ForLab)]
    public async Task Guest_DefaultConfiguration_HasItsOwnKernelMemoryAndCpus()
    {
        RequireVm();
        await using var container = await RunAsync("sh", "-c", "cat /proc/sys/kernel/random/boot_id; nproc; cat /proc/meminfo; echo end; exec sleep 4242");
        await container.Init.Io.WaitForOutputAsync("end");
        string[] lines = container.Init.Io.Output.Text.Split('\n');

        // The kernels may be of the same version, but they are not the same one.
        Assert.AreNotEqual((await File.ReadAllTextAsync("/proc/sys/kernel/random/boot_id")).Trim(), lines[0]);
        Assert.AreEqual($"{KataConfiguration.DefaultVcpus}", lines[1]);
        AssertMemory(KataConfiguration.DefaultMemoryMib, container.Init.Io.Output.Text);
        Assert.IsFalse(
            HostProcess.All(Host.Isolation).Any(p => p.CommandLine == "sleep 4242"), "The container's process runs on the host.");
    }

    [TestMethod]
    public async Task Guest_OtherConfiguration_DecidesTheSize()
    {
        RequireVm();
        // A VM has no more vCPUs than the host has CPUs.
        int vcpus = Math.Min(2, Environment.ProcessorCount);
        string configuration = Path.Combine(Host.TemporaryDirectory, "large.toml");
        await File.WriteAllTextAsync(configuration, KataConfiguration.Text(Host.Settings, vcpus, memoryMib: 512));
        await using var container = await RunAsync(new ContainerOptions { ConfigurationPath = configuration }, "sh", "-c", "nproc; cat /proc/meminfo");

        string output = (await container.Init.FinishAsync()).Succeeded();

        StringAssert.StartsWith(output, $"{vcpus}\n");
        AssertMemory(512, output);
    }

    [TestMethod]
    public async Task Runtime_ByAbsolutePath_Works()
    {
        RequireVm();
        await using var container = await RunAsync(new ContainerOptions { Runtime = Host.Settings.Shim }, "sh", "-c", "exit 6");

        Assert.AreEqual(6U, (await container.Init.FinishAsync()).ExitStatus);
    }

    // The kernel keeps some of it for itself.
    private static void AssertMemory(int configuredMib, string memoryInfo)
    {
        long kilobytes = long.Parse(Regex.Match(memoryInfo, @"MemTotal:\s+(\d+)").Groups[1].Value, CultureInfo.InvariantCulture);
        Assert.IsInRange(configuredMib * 1024L * 7 / 10, configuredMib * 1024L, kilobytes);
    }
}
