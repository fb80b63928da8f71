using System.Security.Cryptography;
using Kata.Abstractions;
using Kata.Abstractions.Capabilities;
using Kata.Abstractions.Devices;
using Kata.Hypervisors.External.Qemu.CommandLine;
using Kata.Hypervisors.External.Tests.Support;
using Kata.Linux;

namespace Kata.Hypervisors.External.Tests.Qemu.Boot;

/// <summary>Devices, vCPUs and memory as a real guest sees them.</summary>
[TestClass]
[DoNotParallelize]
public sealed class QemuDeviceTests
{
    public TestContext TestContext { get; set; } = null!;

    private CancellationToken Token => TestContext.CancellationToken;

    [TestMethod]
    public async Task AddDeviceAsync_Disks_AppearInTheGuestWhereSaidAndGoAgain()
    {
        await using var vm = TestVm.Create("test=watch");
        var cold = await vm.Hypervisor.AddDeviceAsync(Disk(vm, "cold") with { ReadOnly = true }, Token);
        await vm.StartAsync(Token);
        Assert.AreEqual(new PciAddress("01"), cold.Address);
        await vm.Log.WaitForAsync("0000:00:01.0 ", Token);

        var first = await vm.Hypervisor.AddDeviceAsync(Disk(vm, "hot-1"), Token);
        Assert.AreEqual(new PciAddress("02/01"), first.Address);
        await vm.Log.WaitForAsync("0000:00:02.0/0000:01:01.0 ", Token);
        var second = await vm.Hypervisor.AddDeviceAsync(Disk(vm, "hot-2") with { Discard = true, DirectIo = true, Serial = "two" }, Token);
        Assert.AreEqual(new PciAddress("02/02"), second.Address);
        await vm.Log.WaitForAsync("0000:00:02.0/0000:01:02.0 ", Token);

        var lines = vm.Log.Lines.Count;
        await vm.Hypervisor.RemoveDeviceAsync("hot-1", Token);
        var after = await vm.Log.WaitForAsync("guest: has", Token, lines);
        StringAssert.DoesNotMatch(after, new("01:01.0"));
        StringAssert.Contains(after, "01:02.0", StringComparison.Ordinal);
        await vm.Hypervisor.RemoveDeviceAsync("hot-1", Token);
        // The place is free again, and so is the file.
        Assert.AreEqual(first.Address, (await vm.Hypervisor.AddDeviceAsync(Disk(vm, "hot-1"), Token)).Address);
    }

    [TestMethod]
    [DataRow("io_uring", false)]
    [DataRow("native", true)]
    [DataRow("threads", false)]
    public async Task AddDeviceAsync_Disks_CarryTheirContent(string aio, bool direct)
    {
        await using var vm = TestVm.Create("test=disks", configuration => configuration with { BlockDeviceAio = aio });
        var (cold, hot) = (Disk(vm, "cold") with { ReadOnly = true, DirectIo = direct }, Disk(vm, "hot") with { DirectIo = direct });
        var content = RandomNumberGenerator.GetBytes(1 << 20);
        await File.WriteAllBytesAsync(cold.HostPath, content, Token);
        await vm.Hypervisor.AddDeviceAsync(cold, Token);
        await vm.StartAsync(Token);
        await vm.Log.WaitForAsync($"guest: /dev/vda {Convert.ToHexStringLower(SHA256.HashData(content))}", Token);

        Array.Reverse(content);
        await File.WriteAllBytesAsync(hot.HostPath, content, Token);
        await vm.Hypervisor.AddDeviceAsync(hot, Token);
        await vm.Log.WaitForAsync($"guest: /dev/vdb {Convert.ToHexStringLower(SHA256.HashData(content))}", Token);
        await vm.Log.WaitForAsync("guest: written", Token);
        await vm.Hypervisor.RemoveDeviceAsync(hot.Id, Token);
        var written = await File.ReadAllTextAsync(hot.HostPath, Token);
        Assert.AreEqual(string.Concat(Enumerable.Repeat("y\n", written.Length / 2)), written);
    }

    [TestMethod]
    public async Task AddDeviceAsync_Impossible_IsRefusedAndLeavesNothing()
    {
        await using var vm = await TestVm.BootAsync("test=idle", Token);
        var disk = Disk(vm, "one");
        var missing = await Assert.ThrowsExactlyAsync<HypervisorException>(
            async () => await vm.Hypervisor.AddDeviceAsync(disk with { HostPath = "/nonexistent/disk" }, Token));
        StringAssert.Contains(missing.Message, "/nonexistent/disk: ENOENT", StringComparison.Ordinal);
        // Two writers of one file: QEMU's own lock refuses the second, after the node exists.
        var held = File.OpenHandle(disk.HostPath, FileMode.Open, FileAccess.ReadWrite);
        await vm.Hypervisor.AddDeviceAsync(disk, Token);
        await Assert.ThrowsExactlyAsync<HypervisorException>(async () => await vm.Hypervisor.AddDeviceAsync(disk, Token));
        await Assert.ThrowsAsync<NotSupportedByHypervisorException>(
            async () => await vm.Hypervisor.AddDeviceAsync(new SharedFileSystemDevice { Id = "fs", Tag = "t", SocketPath = "/run/s" }, Token));
        await Assert.ThrowsAsync<HypervisorException>(
            async () => await vm.Hypervisor.AddDeviceAsync(disk with { Id = "bad id!" }, Token));
        Assert.AreEqual(new PciAddress("02/02"), (await vm.Hypervisor.AddDeviceAsync(Disk(vm, "two"), Token)).Address);
        held.Dispose();
    }

    [TestMethod]
    public async Task AddDeviceAsync_Microvm_TakesDisksAtBootOnly()
    {
        await using var vm = TestVm.Create("test=watch", configuration => configuration with { MachineType = "microvm" });
        var cold = await vm.Hypervisor.AddDeviceAsync(Disk(vm, "cold"), Token);
        await vm.StartAsync(Token);
        await vm.Log.WaitForAsync($"0000:00:{((PciAddress)cold.Address).Path}.0 ", Token);
        await Assert.ThrowsExactlyAsync<NotSupportedByHypervisorException>(async () => await vm.Hypervisor.AddDeviceAsync(Disk(vm, "hot"), Token));
        Assert.IsNotInstanceOfType<IVcpuHotplug>(vm.Hypervisor);
        Assert.IsNotInstanceOfType<IMemoryHotplug>(vm.Hypervisor);
    }

    [TestMethod]
    public async Task AddDeviceAsync_NetworkCards_AppearAtBootAndLater()
    {
        if (CurrentProcess.EffectiveUserId != 0 || !File.Exists("/dev/net/tun"))
            Assert.Inconclusive("needs root and /dev/net/tun");
        using var networkNamespace = Namespaces.RunInNew(NamespaceKinds.Network, () =>
        {
            PersistentTap.Create("tap0", multiQueue: false);
            PersistentTap.Create("tap1", multiQueue: true);
            return FileDescriptors.Open("/proc/thread-self/ns/net", OpenFlags.ReadOnly);
        });
        await using var vm = TestVm.Create("test=watch", networkNamespace: $"/proc/self/fd/{networkNamespace.DangerousGetHandle()}");
        var cold = new NetworkDevice { Id = "net0", TapName = "tap0", MacAddress = "02:00:00:00:00:01" };
        Assert.AreEqual(new PciAddress("01"), (await vm.Hypervisor.AddDeviceAsync(cold, Token)).Address);
        await vm.StartAsync(Token);
        Assert.AreEqual(
            FileDescriptors.Status(networkNamespace).Inode,
            FileDescriptors.Status($"/proc/{vm.Hypervisor.State.MainProcessId}/ns/net")!.Value.Inode);
        await vm.Log.WaitForAsync("0000:00:01.0 ", Token);

        var hot = new NetworkDevice { Id = "net1", TapName = "tap1", MacAddress = "02:00:00:00:00:02", QueuePairs = 2 };
        Assert.AreEqual(new PciAddress("02/01"), (await vm.Hypervisor.AddDeviceAsync(hot, Token)).Address);
        await vm.Log.WaitForAsync("0000:00:02.0/0000:01:01.0 ", Token);
        await vm.Hypervisor.RemoveDeviceAsync("net1", Token);
        Assert.AreEqual(new PciAddress("02/01"), (await vm.Hypervisor.AddDeviceAsync(hot, Token)).Address);
        var missing = await Assert.ThrowsExactlyAsync<HypervisorException>(
            async () => await vm.Hypervisor.AddDeviceAsync(hot with { Id = "net2", TapName = "tap9" }, Token));
        StringAssert.Contains(missing.Message, "tap9: ENODEV", StringComparison.Ordinal);
    }

    [TestMethod]
    public async Task Resize_VcpusAndMemory_ReachTheGuest()
    {
        await using var vm = TestVm.Create(
            "test=watch", configuration => configuration with { MaxVcpus = 3, MaxMemoryMib = 1024, MemorySlots = 4, Debug = true });
        await vm.StartAsync(Token);
        await vm.Log.WaitForAsync("cpus=1 blocks=2", Token);

        var vcpus = (IVcpuHotplug)vm.Hypervisor;
        Assert.AreEqual(3, await vcpus.ResizeVcpusAsync(9, Token));
        Assert.AreEqual(3, vm.Hypervisor.State.VcpuThreadIds.Count);
        await vm.Log.WaitForAsync("cpus=3", Token);
        Assert.AreEqual(Accelerator.Detect().IsKvm ? 2 : 3, await vcpus.ResizeVcpusAsync(2, Token));
        await Assert.ThrowsExactlyAsync<HypervisorException>(async () => await vcpus.ResizeVcpusAsync(0, Token));

        var memory = (IMemoryHotplug)vm.Hypervisor;
        Assert.AreEqual(256UL, await memory.ResizeMemoryAsync(100, 0, Token));
        Assert.AreEqual(512UL, await memory.ResizeMemoryAsync(400, 128 << 20, Token));
        await vm.Log.WaitForAsync("blocks=4", Token);
        var tooMuch = await Assert.ThrowsExactlyAsync<HypervisorException>(async () => await memory.ResizeMemoryAsync(2048, 0, Token));
        Assert.AreEqual(KataErrorKind.ResourceExhausted, tooMuch.Kind);
    }

    private static BlockDevice Disk(TestVm vm, string id)
    {
        var path = Path.Combine(vm.Scratch, id + ".img");
        if (!File.Exists(path))
        {
            using var file = File.Create(path);
            file.SetLength(1 << 20);
        }

        return new BlockDevice { Id = id, HostPath = path };
    }
}
