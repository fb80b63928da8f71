using System.Text.Json;

namespace Kata.Guest.Tests.Image;

[TestClass]
public sealed class BuildCommandTests
{
    private readonly string _temporary = Directory.CreateTempSubdirectory("kata-build-").FullName;

    [TestCleanup]
    public void Cleanup() => Directory.Delete(_temporary, recursive: true);

    [TestMethod]
    [DataRow("build", "Name a kernel with --kernel-package or --kernel.")]
    [DataRow("build --kernel", "--kernel needs a value.")]
    [DataRow("build --kernel=", "--kernel needs a value.")]
    [DataRow("build --wrong 1", "Unknown option '--wrong'.")]
    [DataRow("build stray", "Unknown argument 'stray'.")]
    [DataRow("build --kernel a --kernel b", "--kernel is given twice.")]
    [DataRow("build --kernel a --compress lzma", "--compress 'lzma' is not one of none, gzip, zstd.")]
    [DataRow("build --kernel a --kernel-package b", "--kernel-package brings kernel and modules along: leave --kernel and --modules out.")]
    [DataRow("bild", "Unknown command 'bild'.")]
    [DataRow("", "A command is needed.")]
    [DataRow("agent now", "Unknown argument 'now'.")]
    public async Task Run_WrongUsage_SaysWhatAndReturns2(string arguments, string expected)
    {
        (int code, string output, string error) = await RunAsync(arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries));

        Assert.AreEqual(2, code);
        Assert.AreEqual($"kata-guest: {expected} 'kata-guest --help' shows what there is.\n", error);
        Assert.AreEqual("", output);
    }

    [TestMethod]
    [DataRow("--help", "Usage: kata-guest COMMAND")]
    [DataRow("build --kernel x --help", "Usage: kata-guest build")]
    [DataRow("agent -h", "Usage: kata-guest agent")]
    [DataRow("--version", "kata-guest ")]
    public async Task Run_Help_IsPrintedAndReturns0(string arguments, string expected)
    {
        (int code, string output, string error) = await RunAsync(arguments.Split(' '));

        Assert.AreEqual(0, code);
        StringAssert.StartsWith(output, expected);
        Assert.AreEqual("", error);
    }

    [TestMethod]
    public async Task Run_KernelMissing_SaysSoAndReturns1()
    {
        (int code, _, string error) = await RunAsync("build", "--kernel", Path.Combine(_temporary, "none"));

        Assert.AreEqual(1, code);
        StringAssert.StartsWith(error, "kata-guest: Cannot read ");
    }

    [TestMethod]
    public async Task Run_PackageWithoutKernel_SaysSoAndLeavesNothing()
    {
        string package = Path.Combine(_temporary, "wrong.deb");
        await File.WriteAllTextAsync(package, "no package");

        (int code, _, string error) = await RunAsync("build", "--kernel-package", package);

        Assert.AreEqual(1, code);
        StringAssert.Contains(error, "wrong.deb");
    }

    [TestMethod]
    public async Task Run_KernelAndModulesDiffer_IsRefused()
    {
        WriteKernel("6.2.0");

        (int code, _, string error) = await BuildAsync("--compress", "none");

        Assert.AreEqual(1, code);
        StringAssert.Contains(error, "is kernel 6.2.0, but ");
    }

    [TestMethod]
    public async Task Run_DynamicAgent_IsRefused()
    {
        WriteKernel("6.1.0");

        (int code, _, string error) = await BuildAsync("--agent", "/bin/sh");

        Assert.AreEqual(1, code);
        StringAssert.Contains(error, "/bin/sh is not a static program");
    }

    [TestMethod]
    [DataRow("none")]
    [DataRow("gzip")]
    [DataRow("zstd")]
    public async Task Run_Complete_WritesTheSameImageEachTime(string compression)
    {
        WriteKernel("6.1.0");

        (int code, string output, string error) = await BuildAsync("--compress", compression);
        byte[] first = await File.ReadAllBytesAsync(Path.Combine(_temporary, "out/initrd.img"));
        await BuildAsync("--compress", compression);

        Assert.AreEqual("", error);
        Assert.AreEqual(0, code);
        StringAssert.StartsWith(output, "kernel 6.1.0, ");
        CollectionAssert.AreEqual(first, await File.ReadAllBytesAsync(Path.Combine(_temporary, "out/initrd.img")));
        CollectionAssert.AreEquivalent(
            new[] { "guest.json", "initrd.img", "vmlinuz" },
            Directory.GetFiles(Path.Combine(_temporary, "out")).Select(Path.GetFileName).ToList());
        using JsonDocument manifest = JsonDocument.Parse(await File.ReadAllBytesAsync(Path.Combine(_temporary, "out/guest.json")));
        Assert.AreEqual("6.1.0", manifest.RootElement.GetProperty("kernelRelease").GetString());
        Assert.AreEqual("vmw_vsock_virtio_transport", manifest.RootElement.GetProperty("bootModules")[0].GetString());
        Assert.AreEqual(first.Length, manifest.RootElement.GetProperty("initrd").GetProperty("size").GetInt64());
    }

    private void WriteKernel(string release)
    {
        byte[] kernel = new byte[0x400];
        "HdrS"u8.CopyTo(kernel.AsSpan(0x202));
        kernel[0x20F] = 1; // the version is at 0x200 + 0x100
        System.Text.Encoding.ASCII.GetBytes($"{release} (build@host) #1\0").CopyTo(kernel, 0x300);
        File.WriteAllBytes(Path.Combine(_temporary, "vmlinuz"), kernel);

        Directory.CreateDirectory(Path.Combine(_temporary, "6.1.0"));
        File.WriteAllBytes(
            Path.Combine(_temporary, "6.1.0/vmw_vsock_virtio_transport.ko"), TestElf.Module("depends=\0vermagic=6.1.0 SMP\0"));
        File.WriteAllBytes(Path.Combine(_temporary, "static"), TestElf.StaticProgram());
    }

    private Task<(int Code, string Output, string Error)> BuildAsync(params string[] more) => RunAsync(
        [
            "build", "--kernel", Path.Combine(_temporary, "vmlinuz"), "--modules", Path.Combine(_temporary, "6.1.0"),
            "--output", Path.Combine(_temporary, "out"), "--crun", "/bin/sh",
            .. more.Contains("--agent") ? [] : new[] { "--agent", Path.Combine(_temporary, "static") },
            .. more,
        ]);

    private static async Task<(int Code, string Output, string Error)> RunAsync(params string[] args)
    {
        using StringWriter output = new() { NewLine = "\n" }, error = new() { NewLine = "\n" };
        int code = await GuestHost.RunAsync(args, output, error);
        return (code, output.ToString(), error.ToString());
    }
}
