using Google.Protobuf;
using Kata.Linux;
using Kata.Protocols;
using Kata.Protocols.Containerd.Runtime;
using Kata.Protocols.Containerd.Task;
using Kata.Shim.Tests.Fakes;
using Kata.Ttrpc;
using TaskClient = Kata.Protocols.Containerd.Services.Task.TaskClient;

namespace Kata.Shim.Tests.Hosting;

/// <summary>The executable as containerd sees it.</summary>
[TestClass]
public sealed class ShimProcessTests
{
    [TestMethod]
    public async Task Start_Fresh_PrintsTheAddressOfADaemonOfItsOwn()
    {
        await using var shim = new ShimProcess();

        var start = await shim.RunAsync("start");

        Assert.AreEqual("", start.Error);
        Assert.AreEqual(0, start.ExitCode);
        StringAssert.Matches(start.Text, new("^unix:///run/containerd/s/[0-9a-f]{64}$"));
        Assert.AreEqual(start.Text, File.ReadAllText($"{shim.Bundle}/address"));
        var proc = $"/proc/{shim.DaemonId}";
        Assert.AreNotEqual(new FileInfo("/proc/self/ns/mnt").LinkTarget, new FileInfo($"{proc}/ns/mnt").LinkTarget);
        Assert.AreEqual(shim.Bundle, new DirectoryInfo($"{proc}/cwd").LinkTarget);
        for (var descriptor = 0; descriptor <= 2; descriptor++)
            Assert.AreEqual("/dev/null", new FileInfo($"{proc}/fd/{descriptor}").LinkTarget);
        var oomScore = int.Parse(File.ReadAllText("/proc/self/oom_score_adj"), System.Globalization.CultureInfo.InvariantCulture);
        Assert.AreEqual($"{Math.Min(1000, oomScore + 1)}", File.ReadAllText($"{proc}/oom_score_adj").Trim());
        await using var channel = await TtrpcChannel.ConnectAsync(TtrpcAddress.Parse(start.Text));
        var connected = await new TaskClient(channel).ConnectAsync(new ConnectRequest { Id = shim.Id });
        Assert.AreEqual((uint)shim.DaemonId, connected.ShimPid);
    }

    [TestMethod]
    public async Task Start_ThriceAtOnce_AgreesOnOneDaemon()
    {
        await using var shim = new ShimProcess();

        var starts = await Task.WhenAll(shim.RunAsync("start"), shim.RunAsync("start"), shim.RunAsync("start"));

        foreach (var start in starts)
        {
            Assert.AreEqual(0, start.ExitCode, start.Error);
            Assert.AreEqual(starts[0].Text, start.Text);
        }

        await using var channel = await TtrpcChannel.ConnectAsync(TtrpcAddress.Parse(starts[0].Text));
        var connected = await new TaskClient(channel).ConnectAsync(new ConnectRequest { Id = shim.Id });
        Assert.AreEqual((uint)shim.DaemonId, connected.ShimPid);
    }

    [TestMethod]
    public async Task Start_BootstrapParams_AreAnsweredInKind()
    {
        await using var shim = new ShimProcess();

        var start = await shim.RunAsync("start", new BootstrapParams { InstanceId = shim.Id, Namespace = "shim-tests" }.ToByteArray());

        var result = BootstrapResult.Parser.ParseFrom(start.Output);
        Assert.AreEqual(2, result.Version);
        Assert.AreEqual("ttrpc", result.Protocol);
        Assert.AreEqual(File.ReadAllText($"{shim.Bundle}/address"), result.Address);
    }

    [TestMethod]
    public async Task Start_ContainerOfAPodThatIsNotThere_SaysSo()
    {
        await using var shim = new ShimProcess();
        File.WriteAllText(
            $"{shim.Bundle}/config.json",
            """{ "annotations": { "io.kubernetes.cri.container-type": "container", "io.kubernetes.cri.sandbox-id": "no-such-pod" } }""");

        var start = await shim.RunAsync("start");

        Assert.AreEqual(1, start.ExitCode);
        Assert.AreEqual("", start.Text);
        StringAssert.Contains(start.Error, "No shim serves sandbox no-such-pod");
    }

    [TestMethod]
    public async Task Start_MissingCgroup_FailsAndLeavesNothing()
    {
        await using var shim = new ShimProcess();
        var options = AnyPayload.Pack(new Protocols.Containerd.Runtime.Runc.CreateOptions { ShimCgroup = "/no/such/cgroup" });

        var start = await shim.RunAsync("start", options.ToByteArray());

        Assert.AreEqual(1, start.ExitCode);
        StringAssert.Contains(start.Error, "shim_cgroup: there is no cgroup no/such/cgroup");
        Assert.IsFalse(File.Exists($"{shim.Bundle}/address"));
    }

    [TestMethod]
    [DataRow("-namespace|ns|-id|../x|start")]
    [DataRow("-namespace|ns|-id|c1|-bundle|/no/such/bundle|delete")]
    [DataRow("-bogus")]
    [DataRow("-namespace|ns|-id|c1|restart")]
    public async Task Run_BadArguments_PrintsOneLineAndFails(string arguments)
    {
        await using var shim = new ShimProcess();

        var run = await shim.RunRawAsync(arguments.Split('|'));

        Assert.AreNotEqual(0, run.ExitCode);
        Assert.AreEqual("", run.Text);
        Assert.AreEqual(1, run.Error.Count(c => c == '\n'), run.Error);
    }

    [TestMethod]
    public async Task Start_MalformedConfiguration_NamesTheLine()
    {
        await using var shim = new ShimProcess();
        File.WriteAllText($"{shim.Bundle}/config.json", "{\n  \"annotations\": [\n");

        var start = await shim.RunAsync("start");

        Assert.AreEqual(1, start.ExitCode);
        StringAssert.Contains(start.Error, "config.json, line 3: not valid JSON");
    }

    [TestMethod]
    public async Task Daemon_Terminated_RemovesItsSocket()
    {
        await using var shim = new ShimProcess();
        var start = await shim.RunAsync("start");
        var socket = start.Text["unix://".Length..];
        await using (var channel = await TtrpcChannel.ConnectAsync(TtrpcAddress.Parse(start.Text)))
            await new TaskClient(channel).ConnectAsync(new ConnectRequest { Id = shim.Id });

        ProcessTable.SendSignal(shim.DaemonId, Signal.SIGTERM);

        await ShimProcess.WaitForEndAsync(shim.DaemonId);
        Assert.IsFalse(File.Exists(socket));
    }

    [TestMethod]
    public async Task Delete_AfterTheDaemonWasKilled_RemovesItsSocketAndReportsTheKill()
    {
        await using var shim = new ShimProcess();
        var start = await shim.RunAsync("start");
        var socket = start.Text["unix://".Length..];
        ProcessTable.SendSignal(shim.DaemonId, Signal.SIGKILL);
        await ShimProcess.WaitForEndAsync(shim.DaemonId);

        for (var run = 0; run < 2; run++)
        {
            var delete = await shim.RunAsync("delete");

            Assert.AreEqual(0, delete.ExitCode, delete.Error);
            Assert.AreEqual("", delete.Error);
            var response = DeleteResponse.Parser.ParseFrom(delete.Output);
            Assert.AreEqual(137u, response.ExitStatus);
            Assert.IsLessThan(60, Math.Abs(response.ExitedAt.Seconds - DateTimeOffset.UtcNow.ToUnixTimeSeconds()));
            Assert.IsFalse(File.Exists(socket));
        }
    }

    [TestMethod]
    public async Task Info_IsAMessageOfFeatures()
    {
        await using var shim = new ShimProcess();

        var info = RuntimeInfo.Parser.ParseFrom((await shim.RunRawAsync(["-info"])).Output);

        Assert.AreEqual("io.containerd.kata.v2", info.Name);
        StringAssert.Contains(info.Features.Value.ToStringUtf8(), "\"rro\"");
        Assert.AreEqual("types.containerd.io/opencontainers/runtime-spec/1/features/Features", info.Features.TypeUrl);
    }

    [TestMethod]
    public async Task Version_IsOneLine()
    {
        await using var shim = new ShimProcess();

        var version = await shim.RunRawAsync(["-v"]);

        StringAssert.StartsWith(version.Text, "Kata for .NET containerd shim: id: io.containerd.kata.v2, version: ");
        Assert.AreEqual(1, version.Text.Count(c => c == '\n'));
    }
}
