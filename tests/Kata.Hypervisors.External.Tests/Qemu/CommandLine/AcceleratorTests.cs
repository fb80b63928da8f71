using System.Globalization;
using Kata.Hypervisors.External.Qemu.CommandLine;
using Kata.Hypervisors.External.Tests.Support;

namespace Kata.Hypervisors.External.Tests.Qemu.CommandLine;

[TestClass]
public sealed class AcceleratorTests
{
    [TestMethod]
    [DataRow("fpu svm hypervisor", true)]
    [DataRow("fpu vmx", true)]
    [DataRow("fpu vmmcall svm_lock hypervisor", false)]
    public void Detect_KvmExists_AsksTheCpu(string flags, bool kvm)
    {
        using var directory = new TemporaryDirectory();
        var accelerator = Accelerator.Detect(directory.File("kvm"), directory.File("cpuinfo", $"processor\t: 0\nflags\t\t: {flags}\n\nflags\t\t: svm\n"));
        Assert.AreEqual(kvm, accelerator.IsKvm);
        Assert.AreEqual(kvm ? "host" : "max", accelerator.CpuModel);
        if (!kvm)
            StringAssert.Contains(accelerator.WhyNotKvm, "neither svm nor vmx", StringComparison.Ordinal);
    }

    [TestMethod]
    public void Detect_NoKvm_SaysSo()
    {
        var accelerator = Accelerator.Detect("/nonexistent/kvm");
        Assert.AreEqual("tcg", accelerator.Name);
        StringAssert.Contains(accelerator.WhyNotKvm, "/nonexistent/kvm: ENOENT", StringComparison.Ordinal);
    }

    [TestMethod]
    [DataRow("constant_tsc hypervisor", "2596.140", 2596140L)]
    [DataRow("constant_tsc hypervisor aperfmperf", "2596.140", null)]
    [DataRow("hypervisor", "2596.140", null)]
    [DataRow("constant_tsc", "801.003", null)]
    public void TscKilohertz_ClockIsTheCountersOnlyWithoutScaling(string flags, string mhz, long? expected)
    {
        using var directory = new TemporaryDirectory();
        var frequency = CpuInfo.Read(directory.File("cpuinfo", $"cpu MHz\t\t: {mhz}\nflags\t\t: {flags}\n")).TscKilohertz();
        // The CPU itself may say more than the file; it never says what the clock happens to be.
        if (expected is not null)
            Assert.AreEqual(expected, frequency);
        else
            Assert.AreNotEqual((long)(double.Parse(mhz, CultureInfo.InvariantCulture) * 1000), frequency);
    }
}
