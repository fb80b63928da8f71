namespace Kata.Packaging.Tests;

[TestClass]
public sealed class ConsumerTests
{
    private const string ShimProgram = "return await Kata.Shim.ShimHost.RunAsync(args);";
    private const string ShimProperties = "<PublishAot>true</PublishAot><AssemblyName>containerd-shim-kata-v2</AssemblyName><TreatWarningsAsErrors>true</TreatWarningsAsErrors>";

    public TestContext TestContext { get; set; } = null!;

    [TestMethod]
    public async Task Shim_FromPackagesAlone_PublishesAndAnswers()
    {
        using var consumer = new Consumer(ShimProgram, ShimProperties, "Kata.Shim", "Kata.Hypervisors.External");
        var shim = await PublishAsync(consumer);
        var size = new FileInfo(shim).Length;
        TestContext.WriteLine($"containerd-shim-kata-v2: {size / 1e6:F1} MB; closure: {string.Join(", ", consumer.Closure())}");

        var (exitCode, output) = await consumer.RunAsync(shim, TestContext.CancellationToken, "-version");
        Assert.AreEqual(0, exitCode, output);
        StringAssert.Contains(output, "io.containerd.kata.v2", StringComparison.Ordinal);
        Assert.IsLessThan(9_000_000, size, "the budget of the shim's binary");
    }

    [TestMethod]
    public async Task Shim_WithoutAHypervisorPackage_CarriesNone()
    {
        using var consumer = new Consumer(ShimProgram, ShimProperties, "Kata.Shim");
        var (exitCode, output) = await consumer.DotnetAsync(TestContext.CancellationToken, "build", "-v", "q", "--nologo");
        Assert.AreEqual(0, exitCode, output);
        Assert.IsFalse(consumer.Closure().Any(library => library.StartsWith("Kata.Hypervisors.", StringComparison.Ordinal) || library.StartsWith("Kata.Virtio", StringComparison.Ordinal)));
    }

    [TestMethod]
    public async Task Abstractions_Alone_BringNothingOfKata()
    {
        using var consumer = new Consumer("Console.WriteLine(typeof(Kata.Abstractions.IHypervisor).Name);", "", "Kata.Abstractions");
        var (exitCode, output) = await consumer.DotnetAsync(TestContext.CancellationToken, "run");
        Assert.AreEqual(0, exitCode, output);
        StringAssert.Contains(output, "IHypervisor", StringComparison.Ordinal);
        var kata = consumer.Closure().Where(library => library.StartsWith("Kata.", StringComparison.Ordinal)).ToList();
        Assert.AreEqual(1, kata.Count, string.Join(", ", kata));
    }

    private async Task<string> PublishAsync(Consumer consumer)
    {
        var (exitCode, output) = await consumer.DotnetAsync(TestContext.CancellationToken, "publish", "-c", "Release", "-o", "out", "--nologo");
        Assert.AreEqual(0, exitCode, output);
        Assert.IsFalse(output.Contains("warning IL", StringComparison.Ordinal), output);
        return consumer.PathOf("out/containerd-shim-kata-v2");
    }
}
