using Kata.EndToEnd.Tests.Harness;

namespace Kata.EndToEnd.Tests.Scenarios;

[TestClass]
public sealed class SnapshotTests : ScenarioTest
{
    [TestMethod]
    [TestCategory(ForLab)]
    public Task Write_ToTheRoot_LandsInTheContainersSnapshotOnly() => AssertWritesLandAsync(new());

    [TestMethod]
    public async Task Write_ToTheRootThroughVirtioFsDaemon_LandsInTheContainersSnapshotOnly()
    {
        RequireVirtioFsDaemon();
        await AssertWritesLandAsync(new() { ConfigurationPath = Host.DaemonConfigurationPath });
    }

    private static async Task AssertWritesLandAsync(ContainerOptions options)
    {
        await using (var writer = await RunAsync(
            options, "sh", "-c", "echo mine > /root/file; chown 1000:1000 /root/file; rm /etc/group; mkdir -p /deep/er"))
        {
            Assert.AreEqual(new(0, "", ""), await writer.Init.FinishAsync());

            Assert.AreEqual("mine\n", await File.ReadAllTextAsync($"{writer.UpperDirectory}/root/file"));
            Assert.AreEqual(1000U, Kata.Linux.FileDescriptors.Status($"{writer.UpperDirectory}/root/file")!.Value.Uid);
            Assert.IsTrue(Directory.Exists($"{writer.UpperDirectory}/deep/er"));
        }

        await using var reader = await RunAsync(options, "sh", "-c", "ls /root; ls /deep; wc -l < /etc/group");
        var result = await reader.Init.FinishAsync();
        Assert.AreEqual("3\n", result.Output);
        StringAssert.Contains(result.Error, "/deep: No such file");
    }
}
