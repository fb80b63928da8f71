using System.Globalization;
using System.Net.Sockets;
using Kata.Abstractions;
using Kata.Linux;
using Kata.Shim.Configuration;
using Kata.Shim.Resources.SharedFs;
using Kata.Shim.Tests.Resources.Fakes;
using Microsoft.Extensions.Logging.Abstractions;

namespace Kata.Shim.Tests.Resources.SharedFs;

/// <summary>With Debian's virtiofsd.</summary>
[TestClass]
public sealed class VirtioFsDaemonTests
{
    private TestDirectory _root = null!;

    [TestInitialize]
    public void Initialize() => _root = new TestDirectory();

    [TestCleanup]
    public void CleanUp() => _root?.Dispose();

    [TestMethod]
    public async Task Start_RealDaemon_AnswersVhostUserAtOnce()
    {
        await using var daemon = await StartAsync();
        using var socket = await ConnectAsync();
        // VHOST_USER_GET_FEATURES: request 1, version 1, no payload.
        await socket.SendAsync(new byte[] { 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0 });
        var answer = new byte[20];
        await using var stream = new NetworkStream(socket);
        await stream.ReadExactlyAsync(answer);
        var features = BitConverter.ToUInt64(answer, 12);
        Assert.AreNotEqual(0UL, features & (1UL << 32), "VIRTIO_F_VERSION_1");
        Assert.IsFalse(daemon.Failed.IsCompleted);
    }

    [TestMethod]
    public async Task Dispose_RealDaemon_LeavesNoProcessAndNoSocket()
    {
        var daemon = await StartAsync();
        using var vmm = await ConnectAsync();
        var group = await DescendantsAsync(daemon.Identity.Pid);
        await daemon.DisposeAsync();
        Assert.IsFalse(File.Exists(SocketPath));
        foreach (var pid in group)
            await Host.UntilAsync(() => ProcessTable.StartTimeOf(pid) is null, $"process {pid} of virtiofsd is still there");
        StringAssert.Contains(await daemon.Failed, "signal 9");
    }

    [TestMethod]
    public async Task Failed_DaemonKilled_SaysHow()
    {
        await using var daemon = await StartAsync();
        Assert.IsTrue(ProcessTable.SendSignal(daemon.Identity.Pid, Signal.SIGTERM));
        StringAssert.StartsWith(await daemon.Failed, "The file system daemon of the sandbox (virtiofsd) ended with ");
    }

    [TestMethod]
    public async Task Failed_BadArgument_HasTheDaemonsWords()
    {
        await using var daemon = await StartAsync("--no-such-option");
        StringAssert.Contains(await daemon.Failed, "no-such-option");
    }

    [TestMethod]
    public async Task Start_NoSuchProgram_FailsAndLeavesNothing()
    {
        var configuration = new SharedFsConfiguration { Kind = SharedFsKind.VirtioFs, DaemonPath = $"{_root.Path}/none" };
        var exception = await Assert.ThrowsExactlyAsync<KataException>(
            async () => await VirtioFsDaemon.StartAsync(configuration, _root.Path, SocketPath, NullLogger.Instance, CancellationToken.None));
        StringAssert.Contains(exception.Message, $"{_root.Path}/none");
        Assert.IsFalse(File.Exists(SocketPath));
    }

    [TestMethod]
    public async Task KindOf_UnknownPath_AsksTheProgram()
    {
        Host.Needs(Host.VirtioFsDaemon);
        File.CreateSymbolicLink($"{_root.Path}/virtiofsd", Host.VirtioFsDaemon);
        Assert.AreEqual(VirtioFsDaemonKind.Qemu, await VirtioFsDaemon.KindOfAsync($"{_root.Path}/virtiofsd", CancellationToken.None));
    }

    [TestMethod]
    public async Task Share_WhileTheDaemonRuns_ReachesItsOwnNamespaceReadOnly()
    {
        var path = $"{_root.Path}/shared";
        var shared = SharedDirectory.Create(path);
        await using (var daemon = await StartAsync(directory: shared.ExportedPath))
        {
            using var vmm = await ConnectAsync();
            var served = (await DescendantsAsync(daemon.Identity.Pid))[^1];
            var source = _root.Make("source");
            File.WriteAllText($"{source}/file", "text");
            var volumes = new SharedVolumes(shared);
            var volume = volumes.Add(source, recursive: true, readOnly: true);
            var seen = $"/proc/{served}/root/passthrough/{Path.GetFileName(volume.GuestPath)}";
            Assert.AreEqual("text", File.ReadAllText($"{seen}/file"));
            Assert.ThrowsExactly<IOException>(() => File.WriteAllText($"{seen}/file", "changed"));
            volume.Release();
            Assert.IsFalse(File.Exists($"{seen}/file"));
        }

        SharedDirectory.Remove(path, NullLogger.Instance);
        Assert.IsEmpty(_root.Mounts());
    }

    private string SocketPath => $"{_root.Path}/virtiofsd.sock";

    private async Task<VirtioFsDaemon> StartAsync(string? argument = null, string? directory = null)
    {
        Host.Needs(Host.VirtioFsDaemon);
        var configuration = new SharedFsConfiguration
        {
            Kind = SharedFsKind.VirtioFs,
            DaemonPath = Host.VirtioFsDaemon,
            ExtraArguments = argument is null ? ["--thread-pool-size=1", "-o", "announce_submounts"] : [argument],
        };
        return await VirtioFsDaemon.StartAsync(configuration, directory ?? _root.Make("directory"), SocketPath, NullLogger.Instance, CancellationToken.None);
    }

    private async Task<Socket> ConnectAsync()
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(SocketPath));
        return socket;
    }

    /// <summary>The daemon, and the child it serves from once a VMM has connected: the child has namespaces of its own.</summary>
    private static async Task<IReadOnlyList<int>> DescendantsAsync(int pid)
    {
        var children = $"/proc/{pid}/task/{pid}/children";
        await Host.UntilAsync(() => File.ReadAllText(children).Length > 0, "virtiofsd has no sandboxed child");
        var child = int.Parse(File.ReadAllText(children).Trim().Split(' ')[0], CultureInfo.InvariantCulture);
        await Host.UntilAsync(() => !File.Exists($"/proc/{child}/root/etc/passwd"), "virtiofsd did not change its root");
        return [pid, child];
    }
}
