using Kata.Vmm.Dragonball.Boot;

namespace Kata.Vmm.Dragonball.Tests.Boot;

[TestClass]
public sealed class KernelCommandLineTests
{
    [TestMethod]
    public void ForStockKernel_UserParameters_ComeLast()
    {
        var line = KernelCommandLine.ForStockKernel(quiet: true, " panic=5 loglevel=7 ");

        StringAssert.StartsWith(line, KernelCommandLine.Machine + " ");
        StringAssert.EndsWith(line, " quiet panic=5 loglevel=7");
        Assert.IsFalse(line.Contains("  ", StringComparison.Ordinal));
        // Debian's kernels need their modules, and ignore parameters that announce virtio-mmio devices.
        Assert.IsFalse(line.Contains("nomodules", StringComparison.Ordinal));
    }

    [TestMethod]
    public void ForStockKernel_NothingAdded_HasNoBlanksAround()
    {
        var line = KernelCommandLine.ForStockKernel(quiet: false, "");

        Assert.AreEqual(line.Trim(), line);
        Assert.IsFalse(line.Split(' ').Contains("quiet"));
    }
}
