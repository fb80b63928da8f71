using Grpc.Core;
using Kata.EndToEnd.Tests.Harness;

namespace Kata.EndToEnd.Tests.Scenarios;

/// <summary>Wrong configuration, bundles and arguments each give one clear message.</summary>
[TestClass]
public sealed class BadInputTests : ScenarioTest
{
    [TestMethod]
    public Task Configuration_Missing_IsNamed() => AssertCreateFailsAsync(null, "/no/such/configuration.toml", "/no/such/configuration.toml");

    [TestMethod]
    public Task Configuration_SyntaxError_NamesFileAndLine() =>
        AssertCreateFailsAsync("[hypervisor.any]\npath = \"/x\"\nkernel = = 3\n", "bad.toml", "bad.toml", "3");

    [TestMethod]
    public Task Configuration_WrongType_NamesTheKey() =>
        AssertCreateFailsAsync(Valid().Replace("default_vcpus = 1", "default_vcpus = \"many\"", StringComparison.Ordinal), "bad.toml", "default_vcpus");

    [TestMethod]
    public Task Configuration_UnknownAgentKey_IsNamed() =>
        AssertCreateFailsAsync(Valid().Replace("[agent.kata]", "[agent.kata]\nno_such_key = 1", StringComparison.Ordinal), "bad.toml", "no_such_key");

    [TestMethod]
    public async Task Configuration_HypervisorWithoutPackage_NamesThePackage()
    {
        RequireVm();
        if (Host.Settings.IsInProcess)
            Assert.Inconclusive("needs a shim without Kata.Vmm.Dragonball; the one under test has it");
        await AssertCreateFailsAsync(
            Valid().Replace("hypervisor.qemu", "hypervisor.dragonball", StringComparison.Ordinal)
                .Replace("hypervisor_name = \"qemu\"", "hypervisor_name = \"dragonball\"", StringComparison.Ordinal),
            "bad.toml",
            "dragonball",
            "Kata.Vmm.Dragonball");
    }

    [TestMethod]
    public Task Kernel_Missing_IsNamed() => AssertCreateFailsAsync(WithKernel("/no/such/vmlinuz"), "bad.toml", "/no/such/vmlinuz");

    [TestMethod]
    public Task Kernel_NotReadable_IsNamed() => AssertCreateFailsAsync(WithKernel("/usr/share"), "bad.toml", "/usr/share");

    [TestMethod]
    public Task Initrd_Missing_IsNamed() => AssertCreateFailsAsync(
        Valid().Replace(Host.Settings.Initrd, "/no/such/initrd.img", StringComparison.Ordinal), "bad.toml", "/no/such/initrd.img");

    [TestMethod]
    [DataRow("{\n\"process\": {\"args\": 5}}", "line 2", "process.args")]
    [DataRow("{ \"ociVersion\": \"1.0.2\", \"root\": { \"path\": \"rootfs\" } }", "", "process")]
    public async Task Spec_Malformed_FailsWithoutAnyEvent(string spec, string line, string member)
    {
        RequireVm();
        string id = Host.NewId();

        var e = await Assert.ThrowsExactlyAsync<RpcException>(
            async () => await (await RunAsync(new ContainerOptions { Id = id, RawSpec = spec }, "true")).DisposeAsync());

        StringAssert.Contains(e.Status.Detail, "config.json");
        StringAssert.Contains(e.Status.Detail, line);
        StringAssert.Contains(e.Status.Detail, member);
        Assert.IsEmpty(Host.Events.Of(id));
    }

    [TestMethod]
    public async Task Program_Missing_FailsWithoutExitEvent()
    {
        await using var container = await Container.PrepareAsync(Host, new(), "no-such-program");

        var e = await Assert.ThrowsExactlyAsync<RpcException>(async () =>
        {
            await container.CreateTaskAsync(ContainerProcess.Deadline);
            await container.Init.StartAsync();
        });

        StringAssert.Contains(e.Status.Detail, "no-such-program");
        await container.DisposeAsync();
        Assert.IsFalse(container.Events.Any(e => e.Topic is "/tasks/exit" or "/tasks/start"), string.Join('\n', container.Events));
    }

    [TestMethod]
    [DataRow(new[] { "-namespace", "e2e", "-id", "../x", "start" }, "../x")]
    [DataRow(new[] { "-namespace", "e2e", "-id", "a/b", "start" }, "a/b")]
    [DataRow(new[] { "-namespace", "..", "-id", "x", "start" }, "..")]
    [DataRow(new[] { "-namespace", "e2e", "start" }, "id")]
    [DataRow(new[] { "-id", "x", "start" }, "namespace")]
    [DataRow(new[] { "-namespace", "e2e", "-id", "x", "frobnicate" }, "frobnicate")]
    [DataRow(new[] { "-frobnicate" }, "frobnicate")]
    public async Task Shim_BadArguments_FailsWithOneLine(string[] arguments, string named)
    {
        var result = await RunShimAsync(arguments);

        AssertOneLine(result, named);
    }

    [TestMethod]
    public async Task Shim_OverlongId_FailsWithOneLine() =>
        AssertOneLine(await RunShimAsync("-namespace", "e2e", "-id", new string('x', 300), "start"), "id");

    [TestMethod]
    public async Task Shim_Version_IsPrinted()
    {
        RequireVm();
        var result = (await RunShimAsync("-v")).OrThrow();

        StringAssert.Matches(result.Output, new(@"\d+\.\d+"));
        Assert.AreEqual("", result.Error);
    }

    private static string Valid() => KataConfiguration.Text(Host.Settings);

    private static string WithKernel(string path) => Valid().Replace(Host.Settings.Kernel, path, StringComparison.Ordinal);

    private static async Task AssertCreateFailsAsync(string? content, string path, params string[] named)
    {
        RequireVm();
        string id = Host.NewId();
        string file = Path.IsPathRooted(path) ? path : Path.Combine(Host.TemporaryDirectory, path);
        if (content is not null)
            await File.WriteAllTextAsync(file, content);

        var e = await Assert.ThrowsExactlyAsync<RpcException>(
            async () => await (await RunAsync(new ContainerOptions { Id = id, ConfigurationPath = file }, "true")).DisposeAsync());

        foreach (string name in named)
            StringAssert.Contains(e.Status.Detail, name);
        Assert.IsLessThan(4, e.Status.Detail.Split('\n').Length, e.Status.Detail);
        Assert.IsEmpty(Host.Events.Of(id));
    }

    // In an empty directory, as if it were a bundle.
    private static async Task<CommandResult> RunShimAsync(params string[] arguments)
    {
        RequireVm();
        string bundle = Directory.CreateTempSubdirectory("kata-e2e-bundle-").FullName;
        try
        {
            return await Host.Isolation.RunAsync(
                "env",
                ["-C", bundle, Host.Settings.Shim, "-address", Host.Containerd.SocketPath, "-publish-binary", "/usr/bin/containerd", .. arguments],
                new() { Timeout = Settings.Scaled(20) });
        }
        finally
        {
            Directory.Delete(bundle, recursive: true);
        }
    }

    private static void AssertOneLine(CommandResult result, string named)
    {
        Assert.AreNotEqual(0, result.ExitCode);
        Assert.AreEqual("", result.Output);
        StringAssert.Contains(result.Error, named);
        Assert.HasCount(1, result.Error.TrimEnd('\n').Split('\n'), result.Error);
    }
}
