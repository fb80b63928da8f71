using Grpc.Core;
using Kata.EndToEnd.Tests.Harness;

namespace Kata.EndToEnd.Tests.Scenarios;

/// <summary>Base of the scenarios: gives them the host and fails a scenario that leaves anything behind on it.</summary>
[TestClass]
public abstract class ScenarioTest
{
    /// <summary>The category of the few scenarios that also run where everything is slow (tests/run.sh lab).</summary>
    protected const string ForLab = "Lab";

    private static TestHost? s_host;
    private static string? s_missing;

    private HostSnapshot? _before;

    internal static TestHost Host => s_host!;

    internal static bool IsHostAvailable => s_missing is null;

    /// <summary>How long containerd and the shim may take to clean up after a scenario.</summary>
    protected virtual TimeSpan CleanupTime => Settings.Scaled(15);

    [AssemblyInitialize]
    public static async Task StartHostAsync(TestContext context)
    {
        var settings = new Settings();
        s_missing = settings.MissingPrerequisite();
        if (s_missing is null)
            s_host = await TestHost.StartAsync(settings);
    }

    [AssemblyCleanup]
    public static async Task StopHostAsync()
    {
        if (s_host is not null)
            await s_host.DisposeAsync();
    }

    [TestInitialize]
    public void Begin()
    {
        RequireHost();
        _before = HostSnapshot.Take(Host);
    }

    [TestCleanup]
    public async Task NothingIsLeftAsync()
    {
        if (_before is { } before)
            await Eventually.EmptyAsync(() => [.. HostSnapshot.Take(Host).NotIn(before).Where(e => !IsTolerated(e))], "The scenario left behind", CleanupTime);
    }

    /// <summary>Whether something may stay, which only other runtimes need.</summary>
    protected virtual bool IsTolerated(string entry) => false;

    private static void RequireHost()
    {
        if (s_missing is not null)
            Assert.Inconclusive($"needs {s_missing}");
    }

    protected static void RequireVm()
    {
        if (!Host.Settings.IsKata)
            Assert.Inconclusive($"needs a runtime with VMs; {Host.Settings.Runtime} has none");
    }

    protected static void RequireExternalVmm()
    {
        RequireVm();
        if (Host.Settings.IsInProcess)
            Assert.Inconclusive($"needs a VMM that is a process of its own; {Host.Settings.Hypervisor} runs in the shim");
    }

    protected static void RequireVirtioFsDaemon()
    {
        RequireVm();
        if (!File.Exists(Host.Settings.VirtioFsDaemon))
            Assert.Inconclusive($"needs {Host.Settings.VirtioFsDaemon}");
    }

    /// <summary>Asserts how containerd reports an error; runc's shim reports some as unknown, which ours does better.</summary>
    internal static async Task<RpcException> AssertRpcFailsAsync(StatusCode code, Func<Task> call, StatusCode? runc = null)
    {
        var e = await Assert.ThrowsExactlyAsync<RpcException>(call);
        Assert.AreEqual(Host.Settings.IsKata ? code : runc ?? code, e.StatusCode, e.Status.Detail);
        return e;
    }

    internal static Task<Container> RunAsync(params IReadOnlyList<string> args) => Container.RunAsync(Host, new(), args);

    internal static Task<Container> RunAsync(ContainerOptions options, params IReadOnlyList<string> args) =>
        Container.RunAsync(Host, options, args);
}
