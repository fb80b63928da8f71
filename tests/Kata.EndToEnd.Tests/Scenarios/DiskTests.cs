using Grpc.Core;
using Kata.EndToEnd.Tests.Harness;
using Kata.Protocols.Containerd.Task;

namespace Kata.EndToEnd.Tests.Scenarios;

/// <summary>A root file system on a disk, as the snapshotters devmapper and blockfile give it.</summary>
[TestClass]
public sealed class DiskTests : ScenarioTest
{
    [TestMethod]
    public async Task Rootfs_OnADisk_IsTheContainersRoot()
    {
        RequireVmm(plugsDisks: true);
        await using var container = await RunAsync(
            await MakeDiskAsync(), "sh", "-c", "echo written > /new; cat /new; sed -n 's/ext4.*/ext4/p' /proc/self/mounts | grep ' / '");

        StringAssert.EndsWith((await container.Init.FinishAsync()).Succeeded(), " / ext4\n");
    }

    [TestMethod]
    [TestCategory(ForLab)]
    public async Task Rootfs_OnADisk_IsRefusedWhereNothingIsPlugged()
    {
        RequireVmm(plugsDisks: false);
        var options = await MakeDiskAsync();

        var e = await Assert.ThrowsExactlyAsync<RpcException>(async () => await (await RunAsync(options, "true")).DisposeAsync());

        Assert.AreEqual(StatusCode.Unimplemented, e.StatusCode, e.Status.Detail);
        StringAssert.Contains(e.Status.Detail, "dragonball");
        StringAssert.Contains(e.Status.Detail, options.Rootfs![0].Source);
    }

    private static void RequireVmm(bool plugsDisks)
    {
        RequireVm();
        if (Host.Settings.IsInProcess == plugsDisks)
        {
            Assert.Inconclusive(
                $"needs a VMM that plugs {(plugsDisks ? "disks" : "nothing")} while it runs; {Host.Settings.Hypervisor} is none");
        }
    }

    /// <summary>An ext4 image with busybox.</summary>
    private static async Task<ContainerOptions> MakeDiskAsync()
    {
        string image = Path.Combine(Host.TemporaryDirectory, $"{Host.NewId()}.img");
        string[] script = ["-c", $"""
            set -e
            root=$(mktemp -d)
            mkdir "$root/bin" "$root/dev" "$root/proc" "$root/run" "$root/sys" "$root/tmp"
            cp {Settings.Find("busybox")} "$root/bin"
            for applet in cat echo grep sed sh true; do ln -s busybox "$root/bin/$applet"; done
            mke2fs -q -t ext4 -d "$root" {image} 16M
            rm -r "$root"
            """];
        (await Host.Isolation.RunAsync("sh", script)).OrThrow();
        var mount = new Mount { Type = "ext4", Source = image };
        mount.Options.Add("loop");
        return new() { Rootfs = [mount] };
    }
}
