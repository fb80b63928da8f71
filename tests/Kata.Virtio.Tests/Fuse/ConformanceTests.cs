namespace Kata.Virtio.Tests.Fuse;

/// <summary>
/// A suite of others on a shared directory, with the host's kernel as the client. One run at a time: each server takes up to three quarters
/// of the descriptors that this process may have.
/// </summary>
[TestClass]
[DoNotParallelize]
public sealed class ConformanceTests
{
    public TestContext TestContext { get; set; } = null!;

    [TestMethod]
    [DataRow(FileSystemCache.Never)]
    [DataRow(FileSystemCache.Auto)]
    [DataRow(FileSystemCache.Always)]
    public async Task StressNg_InAShare_FindsNothingWrong(FileSystemCache cache)
    {
        if (!File.Exists(StressNg.Program))
            Assert.Inconclusive($"needs {StressNg.Program}");
        using var client = new KernelClient(options => options with { Cache = cache });
        TestContext.WriteLine(StressNg.Check(await client.RunAsync(StressNg.Script(client.MountPath, isWhole: true)), isWhole: true));
    }
}
