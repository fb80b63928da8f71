namespace Kata.Packaging.Tests;

/// <summary>A program outside of the checkout runs virtual machines with the VMM's package alone.</summary>
[TestClass]
public sealed class EmbeddingTests
{
    private const string Program = """
        using Kata.Vmm.Dragonball;

        foreach (var finding in MicroVm.CheckHost())
            Console.WriteLine($"finding: {finding.Problem}");
        try
        {
            MicroVm.Create(new MicroVmOptions { KernelPath = "/nonexistent/vmlinuz", MemoryMib = 64 });
        }
        catch (MicroVmOptionException error)
        {
            Console.WriteLine($"refused: {error.Option}");
        }
        """;

    public TestContext TestContext { get; set; } = null!;

    [TestMethod]
    public async Task Consumer_OfTheVmmAlone_ChecksItsHost()
    {
        using var consumer = new Consumer(Program, "<TreatWarningsAsErrors>true</TreatWarningsAsErrors>", "Kata.Vmm.Dragonball");
        var (exitCode, output) = await consumer.DotnetAsync(TestContext.CancellationToken, "run");
        Assert.AreEqual(0, exitCode, output);
        StringAssert.Contains(output, "refused: KernelPath", StringComparison.Ordinal);
        var kata = consumer.Closure().Where(library => library.StartsWith("Kata.", StringComparison.Ordinal)).Select(library => library.Split('/')[0]);
        CollectionAssert.AreEquivalent(new[] { "Kata.Vmm.Dragonball", "Kata.Virtio", "Kata.Linux", "Kata.Abstractions" }, kata.ToList());
    }
}
