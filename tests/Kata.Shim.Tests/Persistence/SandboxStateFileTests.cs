using Kata.Abstractions;
using Kata.Shim.Persistence;

namespace Kata.Shim.Tests.Persistence;

[TestClass]
public sealed class SandboxStateFileTests
{
    private readonly string _root = Directory.CreateTempSubdirectory("kata-state-").FullName;

    [TestCleanup]
    public void CleanUp() => Directory.Delete(_root, recursive: true);

    [TestMethod]
    public void Save_ThenLoad_GivesTheSame()
    {
        var paths = new SandboxPaths("default", "c1", _root);
        var state = StateOf(paths);

        SandboxStateFile.Save(paths, state);
        var loaded = SandboxStateFile.Load(paths)!;

        Assert.AreEqual(state.Daemon, loaded.Daemon);
        Assert.AreEqual(4711, loaded.Hypervisor!.MainProcessId);
        Assert.AreEqual(new ProcessIdentity(4711, 99), loaded.Hypervisor.Processes[0]);
        Assert.AreEqual("qemu", loaded.Hypervisor.Provider);
        Assert.AreEqual(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(paths.StateFile));
        Assert.AreEqual(
            UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(paths.Directory));
        Assert.HasCount(1, Directory.GetFileSystemEntries(paths.Directory));
    }

    [TestMethod]
    [DataRow("")]
    [DataRow("{")]
    [DataRow("{}")]
    [DataRow("[1]")]
    [DataRow("{\"namespace\":\"x\",\"daemon\":7}")]
    public void Load_NotAState_IsNull(string text)
    {
        var paths = new SandboxPaths("default", "c1", _root);
        Directory.CreateDirectory(paths.Directory);
        File.WriteAllText(paths.StateFile, text);

        Assert.IsNull(SandboxStateFile.Load(paths));
    }

    [TestMethod]
    public void Load_NoFile_IsNull() => Assert.IsNull(SandboxStateFile.Load(new SandboxPaths("default", "none", _root)));

    [TestMethod]
    public void Save_WhereItCannot_SaysWhere()
    {
        var file = Path.Combine(_root, "file");
        File.WriteAllText(file, "");
        var paths = new SandboxPaths("default", "c1", file);

        var exception = Assert.ThrowsExactly<KataException>(() => SandboxStateFile.Save(paths, StateOf(paths)));

        Assert.AreEqual(KataErrorKind.ResourceExhausted, exception.Kind);
        StringAssert.Contains(exception.Message, paths.StateFile);
    }

    [TestMethod]
    public void Remove_TakesBothDirectories_AndAgainDoesNothing()
    {
        var paths = new SandboxPaths("default", new string('c', 76), _root);
        Directory.CreateDirectory(paths.VmDirectory);
        SandboxStateFile.Save(paths, StateOf(paths));

        SandboxStateFile.Remove(paths);
        SandboxStateFile.Remove(paths);

        Assert.IsEmpty(Directory.GetFileSystemEntries(_root));
    }

    [TestMethod]
    [DataRow("c1")]
    [DataRow("c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00")]
    [DataRow("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx")]
    public void VmDirectory_AnyId_LeavesRoomForSocketNames(string id)
    {
        var paths = new SandboxPaths("default", id);

        Assert.IsLessThan(108, $"{paths.VmDirectory}/{new string('f', 40)}".Length);
        Assert.AreEqual($"/run/kata/{id}/state.json", paths.StateFile);
        Assert.AreNotEqual(paths.VmDirectory, new SandboxPaths("default", id + "2").VmDirectory);
    }

    private static SandboxState StateOf(SandboxPaths paths) => new()
    {
        Namespace = "default",
        SandboxId = "c1",
        Bundle = "/bundle",
        Daemon = new ProcessIdentity(4710, 98),
        VmDirectory = paths.VmDirectory,
        Hypervisor = new HypervisorState { Provider = "qemu", MainProcessId = 4711, Processes = [new ProcessIdentity(4711, 99)], Paths = ["/a"] },
    };
}
