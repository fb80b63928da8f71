namespace Kata.Linux.Tests.Processes;

[TestClass]
[DoNotParallelize]
public sealed class CurrentProcessTests
{
    [TestMethod]
    public void RaiseDescriptorLimit_BelowTheHardLimit_ReachesIt()
    {
        using var lower = new ResourceLimit(ResourceLimit.Descriptors, 500);
        Assert.AreEqual(500UL, CurrentProcess.DescriptorLimit);
        CurrentProcess.RaiseDescriptorLimit();
        Assert.AreEqual(lower.Hard, CurrentProcess.DescriptorLimit);
        CurrentProcess.RaiseDescriptorLimit();
    }
}
