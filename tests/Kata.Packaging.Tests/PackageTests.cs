namespace Kata.Packaging.Tests;

[TestClass]
public sealed class PackageTests
{
    // Dependencies point down this list only (the design's table). Kata.Ttrpc needs Kata.Linux for vsock and peer credentials.
    private static readonly Dictionary<string, string[]> AllowedDependencies = new()
    {
        ["Kata.Shim"] = ["Kata.Abstractions", "Kata.Ttrpc", "Kata.Protocols", "Kata.Linux"],
        ["Kata.Hypervisors.External"] = ["Kata.Abstractions", "Kata.Virtio", "Kata.Linux"],
        ["Kata.Vmm.Dragonball"] = ["Kata.Abstractions", "Kata.Virtio", "Kata.Linux"],
        ["Kata.Virtio"] = ["Kata.Linux"],
        ["Kata.Guest"] = ["Kata.Ttrpc", "Kata.Protocols", "Kata.Linux"],
        ["Kata.Protocols"] = [],
        ["Kata.Ttrpc"] = ["Kata.Linux"],
        ["Kata.Linux"] = [],
        ["Kata.Abstractions"] = [],
    };

    [TestMethod]
    public void Feed_AfterPacking_HoldsExactlyTheKnownPackages()
    {
        CollectionAssert.AreEquivalent(AllowedDependencies.Keys.ToList(), Repository.Packages().Select(package => package.Id).ToList());
        Assert.AreEqual(1, Repository.Packages().Select(package => package.Version).Distinct().Count(), "one version for all");
    }

    [TestMethod]
    public void Dependencies_OfEveryPackage_PointDown()
    {
        foreach (var package in Repository.Packages())
        {
            var own = package.Dependencies.Where(id => id.StartsWith("Kata.", StringComparison.Ordinal));
            CollectionAssert.IsSubsetOf(own.ToList(), AllowedDependencies[package.Id], package.Id);
        }
    }

    [TestMethod]
    public void Metadata_OfEveryPackage_IsComplete()
    {
        foreach (var package in Repository.Packages())
        {
            Assert.AreEqual("Apache-2.0", package["license"], package.Id);
            Assert.IsFalse(string.IsNullOrWhiteSpace(package["description"]), package.Id);
            var repository = package.Metadata.Elements().Single(element => element.Name.LocalName == "repository");
            Assert.AreEqual(40, repository.Attribute("commit")?.Value.Length, $"{package.Id}: source commit");
            Assert.IsTrue(File.Exists(Path.ChangeExtension(package.Path, ".snupkg")), $"{package.Id}: symbols");
            Assert.Contains($"lib/net10.0/{package.Id}.dll", package.Entries, package.Id);
            Assert.Contains($"lib/net10.0/{package.Id}.xml", package.Entries, package.Id);
        }
    }

    [TestMethod]
    public void Readme_OfEveryPackage_HasAnExample()
    {
        foreach (var package in Repository.Packages())
            StringAssert.Contains(package.ReadText("README.md"), "```", StringComparison.Ordinal, package.Id);
    }

    [TestMethod]
    [DataRow("Kata.Hypervisors.External", "Kata.Hypervisors.External.QemuProvider")]
    [DataRow("Kata.Vmm.Dragonball", "Kata.Vmm.Dragonball.DragonballProvider")]
    public void Hypervisors_OptIn_ByABuildTransitiveItem(string id, string provider)
    {
        var package = Repository.Packages().Single(package => package.Id == id);
        StringAssert.Contains(package.ReadText($"buildTransitive/{id}.props"), $"<KataHypervisorProvider Include=\"{provider}\"", StringComparison.Ordinal);
    }
}
