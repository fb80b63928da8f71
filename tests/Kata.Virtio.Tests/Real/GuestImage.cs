using System.Collections.Concurrent;
using System.Text;
using Kata.Linux;

namespace Kata.Virtio.Tests.Real;

/// <summary>The kernel and initrd of a test guest: Debian's cloud kernel and a program in <c>Guest/</c>. Built once per run.</summary>
internal static class GuestImage
{
    private static readonly string[] Modules =
    [
        "virtio_ring.ko", "virtio.ko", "virtio_pci_legacy_dev.ko", "virtio_pci_modern_dev.ko", "virtio_pci.ko",
        "vsock.ko", "vmw_vsock_virtio_transport_common.ko", "vmw_vsock_virtio_transport.ko", "fuse.ko", "virtiofs.ko", "virtio_blk.ko",
        "failover.ko", "net_failover.ko", "virtio_net.ko",
    ];

    private static readonly SemaphoreSlim Building = new(1);

    private static readonly ConcurrentDictionary<(string Suite, string Program), Lazy<Task<(string Kernel, string Initrd)>>> Built = new();

    /// <param name="suite">The Debian suite whose kernel it is: bookworm (6.1) or trixie (6.12).</param>
    /// <param name="program">The source of PID 1, without its extension.</param>
    public static Task<(string Kernel, string Initrd)> GetAsync(string suite, string program = "vsock-guest") =>
        Built.GetOrAdd((suite, program), key => new(() => BuildAsync(key.Suite, key.Program))).Value;

    private static async Task<(string Kernel, string Initrd)> BuildAsync(string suite, string program)
    {
        foreach (var tool in (string[])["/usr/bin/qemu-system-x86_64", "/usr/bin/gcc", "/usr/bin/dpkg-deb", "/usr/bin/xz"])
        {
            if (!File.Exists(tool))
                Assert.Inconclusive($"needs {tool}");
        }

        // One at a time: guests share a kernel and its modules.
        await Building.WaitAsync();
        try
        {
            return await PackAsync(suite, program);
        }
        finally
        {
            Building.Release();
        }
    }

    private static async Task<(string Kernel, string Initrd)> PackAsync(string suite, string program)
    {
        var root = FindRepository();
        var work = Directory.CreateDirectory(Path.Combine(root, "artifacts", "virtio-guest", suite)).FullName;
        var extracted = Path.Combine(work, "kernel");
        if (!Directory.Exists(extracted))
        {
            var package = await FetchKernelAsync(root, suite);
            var partial = Directory.CreateDirectory($"{extracted}.{Environment.ProcessId}").FullName;
            await RunAsync("/usr/bin/dpkg-deb", "-x", package, partial);
            Directory.Move(partial, extracted);
        }

        var init = Path.Combine(work, program);
        await RunAsync("/usr/bin/gcc", "-O2", "-static", "-pthread", "-o", init, Path.Combine(AppContext.BaseDirectory, "Guest", program + ".c"));
        var initrd = Path.Combine(work, program + ".img");
        await using (var archive = File.Create(initrd))
        {
            AddEntry(archive, "dev", 0x41ED, []);
            AddEntry(archive, "init", 0x81ED, await File.ReadAllBytesAsync(init));
            var names = new StringBuilder();
            foreach (var name in Modules)
            {
                // What is missing is built into that kernel.
                if (await FindModuleAsync(extracted, name) is not { } module)
                    continue;
                names.Append('/').Append(name).Append('\n');
                AddEntry(archive, name, 0x81A4, await File.ReadAllBytesAsync(module));
            }

            AddEntry(archive, "modules.txt", 0x81A4, Encoding.ASCII.GetBytes(names.ToString()));
            AddEntry(archive, "TRAILER!!!", 0, []);
        }

        return (Directory.GetFiles(Path.Combine(extracted, "boot"), "vmlinuz-*").Single(), initrd);
    }

    private static async Task<string> FetchKernelAsync(string root, string suite)
    {
        var cache = Path.Combine(root, "artifacts", "kernels");
        var packages = Path.Combine(cache, suite);
        if (!Directory.Exists(packages) || Directory.GetFiles(packages, "*.deb").Length == 0)
            await RunAsync("/bin/bash", Path.Combine(root, "samples", "lib", "fetch-kernel.sh"), suite, cache);
        return Directory.GetFiles(packages, "*.deb")[0];
    }

    private static async Task<string?> FindModuleAsync(string extracted, string name)
    {
        var found = Directory.GetFiles(extracted, name + "*", SearchOption.AllDirectories);
        if (found is [var compressed] && compressed.EndsWith(".xz", StringComparison.Ordinal))
        {
            await RunAsync("/usr/bin/xz", "-dk", compressed);
            return Path.ChangeExtension(compressed, null);
        }

        return found.FirstOrDefault(path => path.EndsWith(".ko", StringComparison.Ordinal));
    }

    private static async Task RunAsync(string path, params string[] arguments)
    {
        using var process = ChildProcess.Start(new ChildProcessOptions { Path = path, Arguments = arguments });
        if (await process.Exited is var status && status.ShellCode != 0)
            Assert.Inconclusive($"needs '{path} {string.Join(' ', arguments)}' to work; it ended with {status}");
    }

    private static string FindRepository()
    {
        for (var directory = AppContext.BaseDirectory; directory is not null; directory = Path.GetDirectoryName(directory))
        {
            if (File.Exists(Path.Combine(directory, "Kata.slnx")))
                return directory;
        }

        throw new AssertInconclusiveException("needs to run inside the repository");
    }

    /// <summary>An entry of a cpio archive in the "newc" format.</summary>
    private static void AddEntry(Stream archive, string name, uint mode, byte[] content)
    {
        uint[] fields = [0, mode, 0, 0, 1, 0, (uint)content.Length, 0, 0, 0, 0, (uint)name.Length + 1, 0];
        archive.Write(Encoding.ASCII.GetBytes("070701" + string.Concat(fields.Select(field => field.ToString("X8"))) + name + "\0"));
        Pad();
        archive.Write(content);
        Pad();

        void Pad()
        {
            while (archive.Position % 4 != 0)
                archive.WriteByte(0);
        }
    }
}
