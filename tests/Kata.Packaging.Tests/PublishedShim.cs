using Grpc.Core;
using Kata.Protocols.Containerd.Task;
using Kata.Ttrpc;

namespace Kata.Packaging.Tests;

/// <summary>A shim that samples/Shim was published to, as tests/run.sh leaves it.</summary>
/// <param name="Directory">Where it is below artifacts.</param>
internal sealed record PublishedShim(string Directory)
{
    /// <summary>Without the in-process VMM (KataWithDragonball=false).</summary>
    public static readonly PublishedShim Plain = new("shim");

    /// <summary>With it (KataWithDragonball=true).</summary>
    public static readonly PublishedShim WithDragonball = new("shim-dragonball");

    public string Program => Path.Combine(Repository.Root, "artifacts", Directory, "containerd-shim-kata-v2");

    public PublishedShim Require()
    {
        if (!File.Exists(Program))
            Assert.Inconclusive($"needs {Program}: run `tests/run.sh packages`, which publishes it");
        return this;
    }

    /// <summary>Native symbols of code and data that name something, from the symbol file beside the program.</summary>
    public async Task<IReadOnlyList<string>> SymbolsAsync(string part, CancellationToken cancellationToken)
    {
        var (exitCode, output) = await Tool.RunAsync("nm", ["--format=just-symbols", $"{Program}.dbg"], "/", cancellationToken);
        Assert.AreEqual(0, exitCode, output);
        // __Str_ stands for a text of the program.
        return [.. output.Split('\n').Where(symbol => symbol.Contains(part, StringComparison.Ordinal) && !symbol.StartsWith("__Str_", StringComparison.Ordinal))];
    }

    /// <summary>Plays containerd as far as the create call of a task, which the configuration is to make impossible.</summary>
    /// <returns>What the shim says.</returns>
    public async Task<string> RefusalAsync(string configuration, CancellationToken cancellationToken)
    {
        if (!Environment.IsPrivilegedProcess)
            Assert.Inconclusive("needs root: the shim's sockets are below /run/containerd");
        var bundle = System.IO.Directory.CreateTempSubdirectory("kata-packaging-");
        try
        {
            var file = Path.Combine(bundle.FullName, "configuration.toml");
            await File.WriteAllTextAsync(file, configuration, cancellationToken);
            await File.WriteAllTextAsync(
                Path.Combine(bundle.FullName, "config.json"),
                """{"ociVersion":"1.0.2","process":{"args":["/bin/true"],"cwd":"/"},"root":{"path":"rootfs"},"linux":{"namespaces":[{"type":"pid"},{"type":"mount"}]}}""",
                cancellationToken);
            Linux.FileSystem.CreateFifo(Path.Combine(bundle.FullName, "log"), 0x1C0);
            using var log = Linux.FileDescriptors.Open(Path.Combine(bundle.FullName, "log"), Linux.OpenFlags.ReadWrite | Linux.OpenFlags.NonBlocking);
            return await CreateAsync(bundle, file, cancellationToken);
        }
        finally
        {
            bundle.Delete(recursive: true);
        }
    }

    private async Task<string> CreateAsync(DirectoryInfo bundle, string configuration, CancellationToken cancellationToken)
    {
        var id = bundle.Name;
        string[] arguments =
            ["-namespace", "packaging-tests", "-address", Path.Combine(bundle.FullName, "containerd.sock"), "-publish-binary", "/bin/true", "-id", id, "start"];
        var (exitCode, address) = await Tool.RunAsync(
            Program, arguments, bundle.FullName, cancellationToken,
            ("KATA_CONF_FILE", configuration), ("TTRPC_ADDRESS", Path.Combine(bundle.FullName, "containerd.sock.ttrpc")));
        Assert.AreEqual(0, exitCode, address);
        await using var channel = await TtrpcChannel.ConnectAsync(TtrpcAddress.Parse(address.Trim()), null, cancellationToken);
        var task = new Protocols.Containerd.Services.Task.TaskClient(channel);
        try
        {
            var request = new CreateTaskRequest { Id = id, Bundle = bundle.FullName };
            var error = await Assert.ThrowsExactlyAsync<RpcException>(async () => await task.CreateAsync(request, cancellationToken: cancellationToken));
            return error.Status.Detail;
        }
        finally
        {
            await task.ShutdownAsync(new ShutdownRequest { Id = id, Now = true }, cancellationToken: cancellationToken);
            await channel.Closed.WaitAsync(TimeSpan.FromSeconds(10), cancellationToken);
        }
    }
}
