using System.Text;
using System.Text.Json.Nodes;
using Kata.Protocols.Oci;

namespace Kata.Protocols.Tests;

[TestClass]
public sealed class OciJsonTests
{
    [TestMethod]
    public void ReadSpec_FullConfiguration_WritesTheSameJson()
    {
        var spec = OciJson.ReadSpec(Encoding.UTF8.GetBytes(Samples.FullSpec), "config.json");

        var written = JsonNode.Parse(OciJson.Write(spec));

        Assert.IsTrue(JsonNode.DeepEquals(JsonNode.Parse(Samples.FullSpec), written), written!.ToJsonString());
    }

    [TestMethod]
    public void ReadSpec_FullConfiguration_LeavesNothingUnknownButWhatIs()
    {
        var spec = OciJson.ReadSpec(Encoding.UTF8.GetBytes(Samples.FullSpec), "config.json");

        CollectionAssert.AreEqual(new[] { "windows", "futureTop" }, spec.Unknown!.Keys.ToArray());
        Assert.IsNull(spec.Process!.Unknown!.Keys.Except(["scheduler", "futureProcess"]).FirstOrDefault());
        Assert.IsNull(spec.Linux!.Unknown);
        Assert.IsNull(spec.Linux.Resources!.Unknown);
        Assert.IsNull(spec.Linux.Resources.Memory!.Unknown);
        Assert.IsNull(spec.Linux.Resources.BlockIo!.Unknown);
        Assert.IsNull(spec.Linux.Seccomp!.Unknown);
        Assert.AreEqual(1024UL, spec.Process.Rlimits![0].Soft);
        Assert.AreEqual(ulong.MaxValue, spec.Process.Rlimits[0].Hard);
        Assert.AreEqual(-1, spec.Linux.Resources.Memory.Swap);
        Assert.AreEqual(38U, spec.Linux.Seccomp.Syscalls![0].ErrnoRet);
    }

    [TestMethod]
    public void Write_EditedSpec_KeepsUnknownMembers()
    {
        var spec = OciJson.ReadSpec("""{"ociVersion":"1.0.2","x":{"y":[1,2]},"root":{"path":"r","z":null}}"""u8, "config.json");

        string json = Encoding.UTF8.GetString(OciJson.Write(spec with { Hostname = "h", Root = spec.Root! with { Path = "other" } }));

        Assert.AreEqual("""{"ociVersion":"1.0.2","root":{"path":"other","z":null},"hostname":"h","x":{"y":[1,2]}}""", json);
    }

    [TestMethod]
    public void Write_AbsentMembers_AreOmitted() =>
        Assert.AreEqual("""{"root":{"path":"rootfs"}}""", Encoding.UTF8.GetString(OciJson.Write(new Spec { Root = new() { Path = "rootfs" } })));

    [TestMethod]
    [DataRow("{\n  \"process\": {\n    \"args\": \"sh\"\n  }\n}", "config.json, line 3, at $.process.args: the value has the wrong type.")]
    [DataRow("{\n\"mounts\": [ {\"destination\": 5} ]}", "config.json, line 2, at $.mounts[0].destination: the value has the wrong type.")]
    [DataRow("{\"process\":{\"user\":{\"uid\":-1}}}", "config.json, line 1, at $.process.user.uid: the value has the wrong type.")]
    [DataRow("{\n\"hostname\": \"a\"\n", "config.json, line 3, at $: ")]
    [DataRow("{\n\n nonsense }", "config.json, line 3, at $: ")]
    [DataRow("", "config.json, line 1, at $: ")]
    [DataRow("null", "config.json, line 1, at $: expected a JSON object, found null.")]
    [DataRow("[]", "config.json, line 1, at $: the value has the wrong type.")]
    [DataRow("{\n\"mounts\":\n[null]}", "config.json, line 3: a list must not contain null.")]
    [DataRow("{} trailing", "config.json, line 1, at $: ")]
    public void ReadSpec_Malformed_NamesSourceLineAndMember(string json, string expected)
    {
        var e = Assert.ThrowsExactly<OciFormatException>(() => OciJson.ReadSpec(Encoding.UTF8.GetBytes(json), "config.json"));

        StringAssert.StartsWith(e.Message, expected);
        Assert.DoesNotContain("System.", e.Message);
    }

    [TestMethod]
    public void ReadSpec_NestedTooDeep_IsRefused()
    {
        string json = "{\"x\":" + new string('[', 5000) + new string(']', 5000) + "}";

        Assert.ThrowsExactly<OciFormatException>(() => OciJson.ReadSpec(Encoding.UTF8.GetBytes(json), "config.json"));
    }

    [TestMethod]
    public void State_ForAHook_HasTheSpecifiedMembers()
    {
        var state = new State { OciVersion = "1.0.2", Id = "c", Status = "created", Pid = 7, Bundle = "/b", Annotations = new Dictionary<string, string> { ["k"] = "v" } };

        Assert.AreEqual(
            """{"ociVersion":"1.0.2","id":"c","status":"created","pid":7,"bundle":"/b","annotations":{"k":"v"}}""",
            Encoding.UTF8.GetString(OciJson.Write(state)));
    }

    [TestMethod]
    public void Features_RoundTrip_KeepsTheSpecifiedNames()
    {
        const string Json = """{"ociVersionMin":"1.0.0","ociVersionMax":"1.2.0","hooks":["prestart"],"mountOptions":["ro"],"linux":{"namespaces":["pid"],"capabilities":["CAP_CHOWN"],"cgroup":{"v1":false,"v2":true,"systemd":false,"systemdUser":false,"rdma":false},"seccomp":{"enabled":true,"actions":["SCMP_ACT_ALLOW"],"operators":["SCMP_CMP_EQ"],"archs":["SCMP_ARCH_X86_64"],"knownFlags":["F"],"supportedFlags":["F"]},"apparmor":{"enabled":true},"selinux":{"enabled":false},"intelRdt":{"enabled":false},"mountExtensions":{"idmap":{"enabled":true}}},"annotations":{"a":"b"},"potentiallyUnsafeConfigAnnotations":["x."]}""";

        var features = OciJson.ReadFeatures(Encoding.UTF8.GetBytes(Json), "features");

        Assert.AreEqual(Json, Encoding.UTF8.GetString(OciJson.Write(features)));
        Assert.IsNull(features.Unknown);
        Assert.IsNull(features.Linux!.Unknown);
    }
}
