namespace Kata.Packaging.Tests;

/// <summary>A hypervisor by another author: packed, referenced, running a container.</summary>
[TestClass]
public sealed class SampleTests
{
    public TestContext TestContext { get; set; } = null!;

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
}
