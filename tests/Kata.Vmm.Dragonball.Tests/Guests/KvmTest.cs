namespace Kata.Vmm.Dragonball.Tests.Guests;

/// <summary>A test that needs some KVM, be it one that interprets, and has a directory of its own.</summary>
public abstract class KvmTest
{
    private protected static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    /// <summary>Set by MSTest.</summary>
    public TestContext TestContext { get; set; } = null!;

    private protected string Directory { get; private set; } = "";

    [TestInitialize]
    public void Prepare()
    {
        if (MicroVm.CheckHost().FirstOrDefault(finding => finding.IsFatal) is { } problem)
            Assert.Inconclusive($"needs KVM: {problem.Problem}");
        Directory = System.IO.Directory.CreateTempSubdirectory("kata-vmm-").FullName;
    }

    [TestCleanup]
    public void CleanUp()
    {
        if (Directory.Length > 0)
            System.IO.Directory.Delete(Directory, recursive: true);
    }
}
