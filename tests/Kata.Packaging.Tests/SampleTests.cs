using System.Diagnostics;

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
        var start = new ProcessStartInfo("bash", ["samples/CustomHypervisor/run.sh"])
        {
            WorkingDirectory = Repository.Root,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync(TestContext.CancellationToken);
        var errors = process.StandardError.ReadToEndAsync(TestContext.CancellationToken);
        await process.WaitForExitAsync(TestContext.CancellationToken);
        TestContext.WriteLine(await output + await errors);
        Assert.AreEqual(0, process.ExitCode, await output + await errors);
        StringAssert.Contains(await output, "Hello from a VM of the hypervisor tiny", StringComparison.Ordinal);
    }
}
