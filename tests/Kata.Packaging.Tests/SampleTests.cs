namespace Kata.Packaging.Tests;

/// <summary>Samples, built from packages as they say.</summary>
[TestClass]
public sealed class SampleTests
{
    public TestContext TestContext { get; set; } = null!;

    /// <summary>A hypervisor by another author: packed, referenced, running a container.</summary>
    [TestMethod]
    public async Task CustomHypervisor_RegisteredByReference_RunsAContainer()
    {
        if (!File.Exists(Path.Combine(Repository.Root, "artifacts/guest/initrd.img")))
            Assert.Inconclusive("needs the guest in artifacts/guest: run `tests/run.sh packages`, which builds it");
        var (exitCode, output) = await Tool.RunAsync("bash", ["samples/CustomHypervisor/run.sh"], Repository.Root, TestContext.CancellationToken);
        TestContext.WriteLine(output);
        Assert.AreEqual(0, exitCode, output);
        StringAssert.Contains(output, "Hello from a VM of the hypervisor tiny", StringComparison.Ordinal);
    }

    [TestMethod]
    public async Task MicroVm_WithoutAKernel_SaysSoInOneLine()
    {
        Repository.Packages();
        string[] arguments = ["run", "--project", "samples/MicroVm", "--", "/nonexistent/vmlinuz", "/nonexistent/initrd.img"];
        var (exitCode, output) = await Tool.RunAsync("dotnet", arguments, Repository.Root, TestContext.CancellationToken);
        Assert.AreEqual(1, exitCode, output);
        StringAssert.Contains(output, "microvm: KernelPath: '/nonexistent/vmlinuz' does not exist", StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", output);
    }
}
