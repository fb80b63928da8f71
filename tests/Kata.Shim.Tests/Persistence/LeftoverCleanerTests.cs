using Kata.Abstractions;
using Kata.Linux;
using Kata.Shim.Persistence;
using Microsoft.Extensions.Logging.Abstractions;

namespace Kata.Shim.Tests.Persistence;

[TestClass]
public sealed class LeftoverCleanerTests
{
    private readonly string _root = Directory.CreateTempSubdirectory("kata-left-").FullName;

    [TestCleanup]
    public void CleanUp() => Directory.Delete(_root, recursive: true);

    [TestMethod]
    public async Task CleanUp_RecordedAndMarkedProcesses_DieAndDirectoriesGo()
    {
        var sandbox = $"test/{Guid.NewGuid():N}";
        using var vmm = Sleep([]);
        using var unrecorded = Sleep(new() { [LeftoverCleaner.Mark] = sandbox });
        using var stranger = Sleep(new() { [LeftoverCleaner.Mark] = sandbox + "x" });
        var paths = new SandboxPaths("test", "c1", _root);
        var state = StateOf(paths, sandbox, new ProcessIdentity(vmm.Id, vmm.StartTime));
        SandboxStateFile.Save(paths, state);
        Directory.CreateDirectory(paths.VmDirectory);

        await new LeftoverCleaner(NullLogger.Instance).CleanUpAsync(paths, state, () => [], CancellationToken.None);
        await new LeftoverCleaner(NullLogger.Instance).CleanUpAsync(paths, state, () => [], CancellationToken.None);

        Assert.AreEqual((int)Signal.SIGKILL, (await vmm.Exited).Signal);
        Assert.AreEqual((int)Signal.SIGKILL, (await unrecorded.Exited).Signal);
        Assert.IsFalse(stranger.Exited.IsCompleted);
        Assert.IsFalse(Directory.Exists(paths.Directory));
        stranger.Kill(Signal.SIGKILL);
        await stranger.Exited;
    }

    [TestMethod]
    public async Task CleanUp_PidOfAnotherProcess_IsLeftAlone()
    {
        using var innocent = Sleep([]);
        var paths = new SandboxPaths("test", "c1", _root);
        var state = StateOf(paths, $"test/{Guid.NewGuid():N}", new ProcessIdentity(innocent.Id, innocent.StartTime - 1));

        await new LeftoverCleaner(NullLogger.Instance).CleanUpAsync(paths, state, () => [], CancellationToken.None);

        Assert.IsFalse(innocent.Exited.IsCompleted);
        innocent.Kill(Signal.SIGKILL);
        await innocent.Exited;
    }

    private static ChildProcess Sleep(Dictionary<string, string> environment) => ChildProcess.Start(new ChildProcessOptions
    {
        Path = "/bin/sleep",
        Arguments = ["300"],
        Environment = environment,
    });

    private static SandboxState StateOf(SandboxPaths paths, string sandbox, ProcessIdentity vmm) => new()
    {
        Namespace = sandbox.Split('/')[0],
        SandboxId = sandbox.Split('/')[1],
        Bundle = "/bundle",
        Daemon = new ProcessIdentity(0, 0),
        VmDirectory = paths.VmDirectory,
        Hypervisor = new HypervisorState { Provider = "none", MainProcessId = vmm.Pid, Processes = [vmm] },
    };
}
