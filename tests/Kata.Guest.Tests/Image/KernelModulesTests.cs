using Kata.Guest.Image;
using Microsoft.Win32.SafeHandles;

namespace Kata.Guest.Tests.Image;

[TestClass]
public sealed class KernelModulesTests
{
    private const string Release = "6.1.0-test";

    private readonly string _temporary = Directory.CreateTempSubdirectory("kata-modules-").FullName;

    private string Root => Path.Combine(_temporary, Release);

    [TestCleanup]
    public void Cleanup() => Directory.Delete(_temporary, recursive: true);

    [TestMethod]
    public async Task Resolve_Chain_PutsDependenciesFirstAndEachOnce()
    {
        Add("kernel/net/vsock.ko");
        Add("kernel/net/transport-common.ko", "vsock,virtio");
        Add("kernel/net/transport.ko", "transport-common,virtio,vsock,virtio_ring");
        Add("kernel/drivers/virtio.ko", "virtio_ring");
        Add("kernel/drivers/virtio_ring.ko");

        List<KernelModule> modules = await ResolveAsync("transport", "virtio", "transport-common");

        CollectionAssert.AreEqual(
            new[] { "vsock", "virtio_ring", "virtio", "transport_common", "transport" }, modules.ConvertAll(module => module.Name));
    }

    [TestMethod]
    public async Task Resolve_BuiltinDependency_IsLeftOut()
    {
        Add("kernel/fs/virtiofs.ko", "fuse,virtio");
        Add("kernel/drivers/virtio.ko");
        await File.WriteAllTextAsync(Path.Combine(Root, "modules.builtin"), "kernel/fs/fuse.ko\n");

        List<KernelModule> modules = await ResolveAsync("virtiofs", "fuse");

        CollectionAssert.AreEqual(new[] { "virtio", "virtiofs" }, modules.ConvertAll(module => module.Name));
    }

    [TestMethod]
    [DataRow("xz", ".xz")]
    [DataRow("zstd", ".zst")]
    [DataRow("gzip", ".gz")]
    public async Task Resolve_CompressedModule_IsUnpackedAndLosesItsSuffix(string tool, string suffix)
    {
        byte[] plain = Add("kernel/fs/overlay.ko", "virtio");
        Add("kernel/drivers/virtio.ko");
        string path = Path.Combine(Root, "kernel/fs/overlay.ko");
        using (SafeFileHandle output = File.OpenHandle(path + suffix, FileMode.CreateNew, FileAccess.Write))
            await Tool.RunAsync(tool, ["-c", path], output, CancellationToken.None);
        File.Delete(path);

        List<KernelModule> modules = await ResolveAsync("overlay");

        Assert.AreEqual("kernel/fs/overlay.ko", modules[^1].Path);
        CollectionAssert.AreEqual(plain, modules[^1].Content);
    }

    [TestMethod]
    public async Task Resolve_DamagedCompression_SaysWhichFile()
    {
        Directory.CreateDirectory(Root);
        await File.WriteAllTextAsync(Path.Combine(Root, "bad.ko.xz"), "not xz");

        GuestImageException error = await Assert.ThrowsExactlyAsync<GuestImageException>(() => ResolveAsync("bad"));

        StringAssert.Contains(error.Message, "bad.ko.xz");
    }

    [TestMethod]
    public async Task Resolve_MissingModule_NamesItAndWhoNeedsIt()
    {
        Add("kernel/a.ko", "b");

        GuestImageException missing = await Assert.ThrowsExactlyAsync<GuestImageException>(() => ResolveAsync("nothing"));
        GuestImageException needed = await Assert.ThrowsExactlyAsync<GuestImageException>(() => ResolveAsync("a"));

        StringAssert.StartsWith(missing.Message, $"Kernel {Release} has no module nothing: ");
        StringAssert.StartsWith(needed.Message, $"Kernel {Release} has no module b that a depends on: ");
    }

    [TestMethod]
    public async Task Resolve_ModuleOfAnotherKernel_IsRefused()
    {
        Add("kernel/a.ko", release: "6.12.1");

        GuestImageException error = await Assert.ThrowsExactlyAsync<GuestImageException>(() => ResolveAsync("a"));

        StringAssert.Contains(error.Message, "is a module of kernel 6.12.1, not of 6.1.0-test");
    }

    [TestMethod]
    public async Task Resolve_CircularDependency_Ends()
    {
        Add("kernel/a.ko", "b");
        Add("kernel/b.ko", "a");

        Assert.HasCount(2, await ResolveAsync("a"));
    }

    [TestMethod]
    public void Open_NoModules_SaysWhatIsWanted()
    {
        Directory.CreateDirectory(Root);

        StringAssert.Contains(Assert.ThrowsExactly<GuestImageException>(() => KernelModules.Open(Root)).Message, "holds no kernel modules");
        StringAssert.Contains(Assert.ThrowsExactly<GuestImageException>(() => KernelModules.Open(Root + "x")).Message, "--modules");
    }

    [TestMethod]
    public async Task Selection_KernelWithEverythingBuiltIn_LoadsNothing()
    {
        Directory.CreateDirectory(Root);
        IEnumerable<string> all = GuestModules.Boot.Concat(GuestModules.OnDemand);
        await File.WriteAllLinesAsync(Path.Combine(Root, "modules.builtin"), all.Select(name => $"kernel/{name}.ko"));

        ModuleSelection selection = await ModuleSelection.ResolveAsync(KernelModules.Open(Root), [], CancellationToken.None);

        Assert.IsEmpty(selection.All);
        Assert.IsEmpty(selection.Absent);
    }

    [TestMethod]
    public async Task Selection_DependencyLines_AreKmodsLastToFirst()
    {
        Add("kernel/vmw_vsock_virtio_transport.ko", "common");
        Add("kernel/common.ko", "vsock");
        Add("kernel/vsock.ko");
        Add("kernel/extra.ko");

        ModuleSelection selection = await ModuleSelection.ResolveAsync(KernelModules.Open(Root), ["extra"], CancellationToken.None);

        CollectionAssert.AreEqual(
            new[]
            {
                "kernel/vsock.ko:",
                "kernel/common.ko: kernel/vsock.ko",
                "kernel/vmw_vsock_virtio_transport.ko: kernel/common.ko kernel/vsock.ko",
                "kernel/extra.ko:",
            },
            selection.DependencyLines().ToList());
        CollectionAssert.AreEqual(new[] { "vsock", "common", "vmw_vsock_virtio_transport" }, selection.Boot.ConvertAll(module => module.Name));
        CollectionAssert.Contains(selection.Absent, "xfs");
    }

    [TestMethod]
    public async Task Selection_WithoutVsock_IsRefused()
    {
        Add("kernel/virtio_pci.ko");

        GuestImageException error = await Assert.ThrowsExactlyAsync<GuestImageException>(
            () => ModuleSelection.ResolveAsync(KernelModules.Open(Root), [], CancellationToken.None));

        StringAssert.Contains(error.Message, "has no module vmw_vsock_virtio_transport");
    }

    private Task<List<KernelModule>> ResolveAsync(params string[] names) =>
        KernelModules.Open(Root).ResolveAsync(names, CancellationToken.None);

    private byte[] Add(string path, string depends = "", string release = Release)
    {
        byte[] module = TestElf.Module($"depends={depends}\0vermagic={release} SMP mod_unload\0");
        string file = Path.Combine(Root, path);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllBytes(file, module);
        return module;
    }
}
