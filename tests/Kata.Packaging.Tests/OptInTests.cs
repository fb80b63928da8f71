using System.Text;
using System.Text.Json;

namespace Kata.Packaging.Tests;

/// <summary>The in-process VMM is a matter of one reference: samples/Shim with and without it.</summary>
[TestClass]
public sealed class OptInTests
{
    private const string Package = "Kata.Vmm.Dragonball";

    // Names of types that the VMM cannot do without.
    private static readonly string[] OwnNames = ["DragonballProvider", "DragonballHypervisor", "MicroVm", "VirtioFileSystem"];

    public TestContext TestContext { get; set; } = null!;

    [TestMethod]
    [DataRow("", "", false)]
    [DataRow("false", "", false)]
    [DataRow("true", "", true)]
    [DataRow("", "true", true)]
    [DataRow("true", "false", false)]
    public async Task Sample_SwitchedByEnvironmentOrProperty_ReferencesThePackageOrNot(string environment, string property, bool expected)
    {
        string[] arguments = ["msbuild", "samples/Shim/Shim.csproj", "-getItem:PackageReference"];
        if (property.Length > 0)
            arguments = [.. arguments, $"-p:KataWithDragonball={property}"];
        var (exitCode, output) = await Tool.RunAsync(
            "dotnet", arguments, Repository.Root, TestContext.CancellationToken, ("KataWithDragonball", environment));
        Assert.AreEqual(0, exitCode, output);
        using var items = JsonDocument.Parse(output);
        var references = items.RootElement.GetProperty("Items").GetProperty("PackageReference").EnumerateArray()
            .Select(item => item.GetProperty("Identity").GetString()).ToList();
        Assert.AreEqual(expected, references.Contains(Package), string.Join(", ", references));
        Assert.Contains("Kata.Hypervisors.External", references);
    }

    [TestMethod]
    [DataRow(true)]
    [DataRow(false)]
    public async Task Closure_HasTheVmmOnlyWhereItIsReferenced(bool with)
    {
        string[] packages = ["Kata.Shim", "Kata.Hypervisors.External"];
        using var consumer = new Consumer("return await Kata.Shim.ShimHost.RunAsync(args);", "", with ? [.. packages, Package] : packages);
        var (exitCode, output) = await consumer.DotnetAsync(TestContext.CancellationToken, "build", "-v", "q", "--nologo");
        Assert.AreEqual(0, exitCode, output);
        Assert.AreEqual(with, consumer.Closure().Any(library => library.StartsWith(Package, StringComparison.Ordinal)));
        Assert.AreEqual(with, Directory.EnumerateFiles(consumer.PathOf("bin"), $"{Package}.dll", SearchOption.AllDirectories).Any());
        var registration = Directory.EnumerateFiles(consumer.PathOf("obj"), "KataHypervisors.g.cs", SearchOption.AllDirectories).Single();
        Assert.AreEqual(with, (await File.ReadAllTextAsync(registration, TestContext.CancellationToken)).Contains(Package, StringComparison.Ordinal));
    }

    [TestMethod]
    public async Task Binary_Without_HasNoSymbolAndNoNameOfIt()
    {
        var shim = PublishedShim.Plain.Require();
        Assert.IsEmpty(await shim.SymbolsAsync("Dragonball", TestContext.CancellationToken));
        var bytes = await File.ReadAllBytesAsync(shim.Program, TestContext.CancellationToken);
        foreach (var name in OwnNames)
            Assert.IsFalse(Contains(bytes, name), name);
        // The one thing that knows it: the table of packages behind the error below.
        Assert.IsTrue(Contains(bytes, Package));
    }

    /// <summary>The same look at the other shim finds something, so it would find it in the first.</summary>
    [TestMethod]
    public async Task Binary_With_HasThem()
    {
        var shim = PublishedShim.WithDragonball.Require();
        Assert.IsNotEmpty(await shim.SymbolsAsync("Kata_Vmm_Dragonball", TestContext.CancellationToken));
        var bytes = await File.ReadAllBytesAsync(shim.Program, TestContext.CancellationToken);
        Assert.IsTrue(OwnNames.Any(name => Contains(bytes, name)));
        TestContext.WriteLine($"{new FileInfo(PublishedShim.Plain.Require().Program).Length} bytes without, {bytes.Length} with");
    }

    [TestMethod]
    public async Task Configuration_Without_NamesThePackageToAdd()
    {
        var refusal = await PublishedShim.Plain.Require().RefusalAsync(Configuration("/usr/bin/env"), TestContext.CancellationToken);
        StringAssert.Contains(refusal, $"add a reference to package {Package} to the shim's project", StringComparison.Ordinal);
        StringAssert.Contains(refusal, "(it has: qemu)", StringComparison.Ordinal);
    }

    [TestMethod]
    public async Task Configuration_With_IsUnderstood()
    {
        var refusal = await PublishedShim.WithDragonball.Require().RefusalAsync(Configuration("/nonexistent/vmlinuz"), TestContext.CancellationToken);
        StringAssert.Contains(refusal, "hypervisor.dragonball.kernel: /nonexistent/vmlinuz does not exist", StringComparison.Ordinal);
    }

    private static string Configuration(string kernel) => $"""
        [hypervisor.dragonball]
        kernel = "{kernel}"
        initrd = "{kernel}"
        [agent.kata]
        [runtime]
        hypervisor_name = "dragonball"
        agent_name = "kata"
        """;

    /// <summary>Metadata is UTF-8, text of the program UTF-16.</summary>
    private static bool Contains(byte[] program, string text) =>
        program.AsSpan().IndexOf(Encoding.UTF8.GetBytes(text)) >= 0 || program.AsSpan().IndexOf(Encoding.Unicode.GetBytes(text)) >= 0;
}
