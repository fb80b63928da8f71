using System.Text;
using System.Text.Json.Nodes;
using Google.Protobuf;
using Kata.Protocols.Agent;
using Kata.Protocols.Oci;
using AgentOci = Kata.Protocols.Agent.Oci;

namespace Kata.Protocols.Tests;

[TestClass]
public sealed class OciConversionTests
{
    [TestMethod]
    public void ToAgent_FullConfigurationOverTheWireAndBack_KeepsAllTheWireCanCarry()
    {
        byte[] wire = OciJson.ReadSpec(Encoding.UTF8.GetBytes(Samples.FullSpec), "config.json").ToAgent().ToByteArray();

        var back = JsonNode.Parse(OciJson.Write(AgentOci.Spec.Parser.ParseFrom(wire).ToOci()));

        Assert.IsTrue(JsonNode.DeepEquals(JsonNode.Parse(Samples.SpecAfterAgent), back), back!.ToJsonString());
    }

    [TestMethod]
    public void ToAgent_EmptyConfiguration_LeavesAllMessagesUnset() =>
        Assert.IsEmpty(new Spec().ToAgent().ToByteArray());

    [TestMethod]
    public void ToAgent_EmptyHooks_StayPresent() => Assert.IsNotNull(new Spec { Hooks = new() }.ToAgent().Hooks);

    [TestMethod]
    public void ToAgent_NullAnnotationValue_BecomesEmpty()
    {
        var spec = OciJson.ReadSpec("""{"annotations":{"a":null}}"""u8, "config.json");

        Assert.AreEqual("", spec.ToAgent().Annotations["a"]);
    }

    [TestMethod]
    public void ToAgent_SyscallWithoutErrno_SendsZeroThatComesBackAsAbsent()
    {
        var spec = new Spec { Linux = new() { Seccomp = new() { DefaultAction = "SCMP_ACT_ALLOW", Syscalls = [new() { Names = ["bpf"] }] } } };

        var agent = spec.ToAgent();

        Assert.AreEqual(AgentOci.LinuxSyscall.ErrnoRetOneofCase.Errnoret, agent.Linux.Seccomp.Syscalls[0].ErrnoRetCase);
        Assert.IsNull(agent.ToOci().Linux!.Seccomp!.Syscalls![0].ErrnoRet);
    }

    [TestMethod]
    public void ToOci_ZeroLimits_AreAbsentAndUnlimitedStays()
    {
        var oci = new AgentOci.LinuxResources
        {
            Memory = new() { Swap = -1 },
            CPU = new() { Quota = -1, Cpus = "0" },
            Pids = new(),
            Devices = { new AgentOci.LinuxDeviceCgroup { Allow = true, Type = "c", Major = 0, Minor = -1, Access = "rwm" } },
        }.ToOci();

        Assert.AreEqual(
            """{"devices":[{"allow":true,"type":"c","access":"rwm"}],"memory":{"swap":-1},"cpu":{"quota":-1,"cpus":"0"}}""",
            Encoding.UTF8.GetString(OciJson.Write(oci)));
    }

    [TestMethod]
    public void ToOci_ProcessWithoutScore_ResetsTheScore() => Assert.AreEqual(0, new AgentOci.Process().ToOci().OomScoreAdj);

    [TestMethod]
    public void ToOci_SeccompIndexOutOfRange_IsRefused()
    {
        var spec = new AgentOci.Spec
        {
            Linux = new()
            {
                Seccomp = new()
                {
                    Syscalls = { new AgentOci.LinuxSyscall { Args = { new AgentOci.LinuxSeccompArg { Index = 1UL << 32 } } } },
                },
            },
        };

        Assert.ThrowsExactly<ArgumentException>(() => spec.ToOci());
    }
}
