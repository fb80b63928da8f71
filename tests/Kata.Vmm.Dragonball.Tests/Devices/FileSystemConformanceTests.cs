using Kata.Virtio.Tests.Fuse;
using Kata.Vmm.Dragonball.Tests.Guests;

namespace Kata.Vmm.Dragonball.Tests.Devices;

/// <summary>
/// A suite of others, run by a guest in directories of the host, on ext4: one that this process serves, and one that QEMU's virtiofsd does.
/// Both have to pass the same.
/// </summary>
[TestClass]
public sealed class FileSystemConformanceTests : KvmTest
{
    private static bool IsFull => Environment.GetEnvironmentVariable("KATA_TEST_FULL") == "1";

    [TestMethod]
    [DataRow(FileServer.Own)]
    [DataRow(FileServer.Virtiofsd)]
    public async Task StressNg_InAShare_FindsNothingWrong(FileServer server)
    {
        using var disk = Ext4Mount.Make(Directory);
        await using var guest = await FileSystemGuest.StartAsync(server, Directory, disk.Path, StressNg.Program);
        var output = await guest.Guest.RunAsync(StressNg.Script(FileSystemGuest.Mount, IsFull));
        TestContext.WriteLine($"{server}: {StressNg.Check(output, IsFull)}");
    }
}
