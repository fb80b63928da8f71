using Grpc.Core;
using Kata.Linux;
using TaskClient = Kata.Ttrpc.Tests.Tasks.Task.TaskClient;

namespace Kata.Ttrpc.Tests;

/// <summary>Against containerd's own runc shim, without a container.</summary>
[TestClass]
public sealed class RuncShimInteropTests
{
    private const string Shim = "/usr/bin/containerd-shim-runc-v2";

    [TestMethod]
    public async Task OurClient_RuncShim_Answers()
    {
        if (!File.Exists(Shim) || CurrentProcess.EffectiveUserId != 0)
            Assert.Inconclusive($"needs root and {Shim}");
        using var bundle = new TestDirectory();
        await File.WriteAllTextAsync(bundle.File("config.json"), """{"ociVersion":"1.0.2","root":{"path":"rootfs"}}""");
        FileSystem.CreateFifo(bundle.File("log"), 0x180);
        // The shim opens its log for writing, which waits for a reader.
        using var log = FileDescriptors.Open(bundle.File("log"), OpenFlags.ReadWrite | OpenFlags.NonBlocking);
        var id = $"ttrpc-test-{Environment.ProcessId}";
        var (code, output) = await GoPeer.RunAsync(
            Shim, ["-namespace", "kata-test", "-id", id, "-address", bundle.File("none.sock"), "-publish-binary", "/bin/true", "start"], bundle.Path);
        Assert.AreEqual(0, code, output);
        await using var channel = await TtrpcChannel.ConnectAsync(TtrpcAddress.Parse(output.Trim()));
        var client = new TaskClient(channel);
        var headers = new Metadata { { "containerd-namespace-ttrpc", "kata-test" } };

        var connected = await client.ConnectAsync(new Tasks.TaskRequest { Id = id }, headers);
        var state = await Assert.ThrowsExactlyAsync<RpcException>(async () => await client.StateAsync(new Tasks.TaskRequest { Id = id }, headers));
        var nope = await Assert.ThrowsExactlyAsync<RpcException>(async () => await client.NopeAsync(new Tasks.TaskRequest { Id = id }, headers));
        await client.ShutdownAsync(new Tasks.ShutdownRequest { Id = id, Now = true }, headers);

        Assert.IsTrue(Directory.Exists($"/proc/{connected.ShimPid}") || channel.Closed.IsCompleted);
        Assert.AreEqual(StatusCode.NotFound, state.StatusCode);
        Assert.AreEqual((StatusCode.Unimplemented, "method Nope"), (nope.StatusCode, nope.Status.Detail));
        await channel.Closed.WaitAsync(TimeSpan.FromSeconds(20));
    }
}
