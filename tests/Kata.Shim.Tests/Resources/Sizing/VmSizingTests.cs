using CsCheck;
using Kata.Shim.Configuration;
using Kata.Shim.Resources.Sizing;
using Spec = Kata.Protocols.Oci.Spec;

namespace Kata.Shim.Tests.Resources.Sizing;

[TestClass]
public sealed class VmSizingTests
{
    private static readonly HostLimits Host = new(8, 16384);
    private static readonly VmSizing Sizing = new(1, 0, 0.5, 2048, 0, 128);

    [TestMethod]
    [DataRow(1.5, 600UL, 2, 728UL)]
    [DataRow(0.0, 512UL, 1, 640UL)]
    [DataRow(1.5, 0UL, 2, 128UL)]
    [DataRow(0.0, 0UL, 1, 2048UL)]
    public void For_WorkedExamples_Match(double vcpus, ulong memory, int expectedVcpus, ulong expectedMemory)
    {
        var size = Sizing.For(new WorkloadSize(vcpus, memory), Host);
        Assert.AreEqual((expectedVcpus, expectedVcpus, expectedMemory), (size.Vcpus, size.MaxVcpus, size.MemoryMib));
    }

    [TestMethod]
    [DataRow(0.0, 1)]
    [DataRow(-1.0, 8)]
    [DataRow(99.0, 8)]
    [DataRow(2.1, 3)]
    public void Defaults_Vcpus_AreWithinTheHost(double configured, int expected) =>
        Assert.AreEqual(expected, (Sizing with { DefaultVcpus = configured }).Defaults(Host).Vcpus);

    [TestMethod]
    public void For_AnyWorkload_IsConsistent() =>
        Gen.Select(Gen.Double[0, 1000], Gen.ULong[0, 1 << 20], Gen.Double[-2, 100], Gen.ULong[0, 1 << 16]).Sample((vcpus, memory, defaultVcpus, maxMemory) =>
        {
            var size = (Sizing with { DefaultVcpus = defaultVcpus, DefaultMaxMemoryMib = maxMemory }).For(new WorkloadSize(vcpus, memory), Host);
            Assert.IsGreaterThanOrEqualTo(1, size.Vcpus);
            Assert.AreEqual(size.Vcpus, size.MaxVcpus);
            Assert.IsGreaterThanOrEqualTo(size.MemoryMib, size.MaxMemoryMib);
            if (vcpus > 0)
                Assert.IsGreaterThanOrEqualTo(vcpus, size.Vcpus);
            if (memory > 0)
                Assert.AreEqual(memory + 128, size.MemoryMib);
        });

    [TestMethod]
    [DataRow("0-2,7", 4)]
    [DataRow("3", 1)]
    [DataRow("", 0)]
    [DataRow("a-b", 0)]
    [DataRow("2-1", 0)]
    [DataRow("0-99999999", 0)]
    [DataRow("-1", 0)]
    public void CountCpus_Lists_AreCounted(string cpuset, int expected) => Assert.AreEqual(expected, WorkloadSize.CountCpus(cpuset));

    [TestMethod]
    public void Of_PodAnnotations_WinOverTheSandboxContainer()
    {
        var spec = new Spec { Linux = new() { Resources = new() { Memory = new() { Limit = 3L << 20 }, Cpu = new() { Cpus = "0-3" } } } };
        Assert.AreEqual(new WorkloadSize(4, 4), WorkloadSize.Of(spec, new Dictionary<string, string>()));
        var annotations = new Dictionary<string, string>
        {
            ["io.kubernetes.cri.sandbox-cpu-quota"] = "50000",
            ["io.kubernetes.cri.sandbox-cpu-period"] = "100000",
            ["io.kubernetes.cri.sandbox-memory"] = "1073741824",
        };
        Assert.AreEqual(new WorkloadSize(0.5, 1024), WorkloadSize.Of(spec, annotations));
        Assert.AreEqual(default, WorkloadSize.Of(null, new Dictionary<string, string> { ["io.kubernetes.cri.sandbox-memory"] = "-5" }));
    }
}
