using Kata.Linux;
using Kata.Protocols.Oci;
using Kata.Shim.Resources.HostHooks;
using Kata.Shim.Tests.Resources.Fakes;
using Microsoft.Extensions.Logging.Abstractions;

namespace Kata.Shim.Tests.Resources.HostHooks;

[TestClass]
public sealed class HookRunnerTests
{
    private readonly string _directory = Directory.CreateTempSubdirectory("kata-hooks-").FullName;

    [TestCleanup]
    public void CleanUp() => Directory.Delete(_directory, recursive: true);

    [TestMethod]
    public async Task Run_Hooks_GetStateEnvironmentAndArgumentsInOrder()
    {
        var hook = Shell($"cat > {_directory}/state; echo $1 $NAME >> {_directory}/log", "first") with { Env = ["NAME=value", "PATH=/usr/bin:/bin"] };
        var ran = await RunAsync(HookStage.Prestart, new Hooks { Prestart = [hook, Shell($"echo second >> {_directory}/log")] });
        Assert.AreEqual(2, ran);
        var state = OciJson.ReadState(File.ReadAllBytes($"{_directory}/state"), "state");
        Assert.AreEqual(("c1", 42), (state.Id, state.Pid));
        Assert.AreEqual("first value\nsecond\n", File.ReadAllText($"{_directory}/log"));
    }

    [TestMethod]
    public async Task Run_FailingHooks_DoNotStopOthers()
    {
        var hooks = new Hooks
        {
            Poststop = [new() { Path = "/no/such" }, new() { Path = "relative" }, Shell("exit 3"), Shell("exec <&-; sleep 0.05"), Shell($"echo ran > {_directory}/log")],
        };
        Assert.AreEqual(5, await RunAsync(HookStage.Poststop, hooks));
        Assert.AreEqual("ran\n", File.ReadAllText($"{_directory}/log"));
    }

    [TestMethod]
    public async Task Run_HangingHook_IsKilledAfterItsTimeout()
    {
        var hook = Shell($"echo $$ > {_directory}/pid; exec sleep 1000") with { Timeout = 1 };
        await RunAsync(HookStage.CreateRuntime, new Hooks { CreateRuntime = [hook] });
        var pid = int.Parse(File.ReadAllText($"{_directory}/pid").Trim(), System.Globalization.CultureInfo.InvariantCulture);
        await Host.UntilAsync(() => ProcessTable.StartTimeOf(pid) is null, "the hook still runs");
    }

    [TestMethod]
    public async Task Run_CreateContainerHook_IsInTheNetworkNamespace()
    {
        Host.NeedsRoot();
        var path = $"{_directory}/netns";
        Kata.Shim.Resources.Network.OwnedNetworkNamespace.Create(path);
        try
        {
            await RunAsync(HookStage.CreateContainer, new Hooks { CreateContainer = [Shell($"ls -Li /proc/self/ns/net > {_directory}/inode")] }, path);
            StringAssert.StartsWith(File.ReadAllText($"{_directory}/inode"), $"{FileDescriptors.Status(path)!.Value.Inode} ");
        }
        finally
        {
            Kata.Shim.Resources.Network.OwnedNetworkNamespace.Remove(path);
        }

        Assert.IsFalse(File.Exists(path));
    }

    private static Hook Shell(string script, params string[] arguments) => new() { Path = "/bin/sh", Args = ["sh", "-c", script, "sh", .. arguments], Env = ["PATH=/usr/bin:/bin"] };

    private static async Task<int> RunAsync(HookStage stage, Hooks hooks, string? networkNamespace = null) =>
        await new HookRunner(NullLogger.Instance).RunAsync(
            stage, hooks, new State { OciVersion = "1.0.2", Id = "c1", Pid = 42, Status = "creating" }, networkNamespace, CancellationToken.None);
}
