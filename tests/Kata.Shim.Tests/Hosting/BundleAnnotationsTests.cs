using System.Text;
using System.Text.Json;
using Kata.Shim.Hosting;
using Kata.Shim.Runtime;

namespace Kata.Shim.Tests.Hosting;

[TestClass]
public sealed class BundleAnnotationsTests
{
    [TestMethod]
    public void Parse_AnnotationsAmongOthers_AreFound()
    {
        const string Json = """
            { "process": { "annotations": { "not": "this" } }, "annotations": { "a": "1", "b\u0041": "zwei", "odd": [1] }, "linux": {} }
            """;

        var annotations = BundleAnnotations.Parse(Encoding.UTF8.GetBytes(Json));

        Assert.HasCount(2, annotations);
        Assert.AreEqual("1", annotations["a"]);
        Assert.AreEqual("zwei", annotations["bA"]);
    }

    [TestMethod]
    [DataRow("")]
    [DataRow("[]")]
    [DataRow("{\"annotations\": {\"a\"")]
    [DataRow("{\"a\": }")]
    public void Parse_NotAnObject_Throws(string json) =>
        Assert.Throws<JsonException>(() => BundleAnnotations.Parse(Encoding.UTF8.GetBytes(json)));

    [TestMethod]
    [DataRow("io.kubernetes.cri.container-type", "sandbox", "", "", "PodSandbox", "me")]
    [DataRow("io.kubernetes.cri.container-type", "container", "io.kubernetes.cri.sandbox-id", "pod", "PodContainer", "pod")]
    [DataRow("io.kubernetes.cri-o.ContainerType", "container", "io.kubernetes.cri-o.SandboxID", "pod", "PodContainer", "pod")]
    [DataRow("io.kubernetes.docker.type", "podsandbox", "", "", "PodSandbox", "me")]
    [DataRow("io.kubernetes.cri.container-type", "container", "", "", "Single", "me")]
    [DataRow("io.kubernetes.cri.container-type", "what", "io.kubernetes.cri.sandbox-id", "pod", "Single", "me")]
    [DataRow("a", "b", "c", "d", "Single", "me")]
    public void ContainerRole_AnnotationsOfAllRuntimes_AreKnown(string key1, string value1, string key2, string value2, string kind, string sandbox)
    {
        var role = ContainerRole.Of("me", new Dictionary<string, string> { [key1] = value1, [key2] = value2 });

        Assert.AreEqual(kind, role.Kind.ToString());
        Assert.AreEqual(sandbox, role.SandboxId);
    }
}
