using Kata.Vmm.Dragonball.Boot;
using Kata.Vmm.Dragonball.Boot.Images;
using Kata.Vmm.Dragonball.Tests.Boot.Fakes;

namespace Kata.Vmm.Dragonball.Tests.Boot;

[TestClass]
public sealed class InitrdTests
{
    private static readonly LoadedKernel s_kernel = new(BootProtocol.Linux64, 0x20_0200, 0x30_0000);

    [TestMethod]
    public void Load_Fits_LiesAtTheTopAtAPage()
    {
        using var memory = new TestMemory(4 << 20);
        byte[] content = [.. Enumerable.Range(0, 5000).Select(i => (byte)i)];
        using var file = TestImage.Of(content, "initrd");

        var initrd = Initrd.Load(file, s_kernel, new LowMemory(memory.Memory));

        Assert.AreEqual(new Initrd((4 << 20) - 0x2000, 5000), initrd);
        Assert.IsTrue(memory.Bytes(initrd.Address, 5000).SequenceEqual(content));
    }

    [TestMethod]
    public void Load_KernelHasALimit_LiesBelowIt()
    {
        using var memory = new TestMemory(4 << 20);
        using var file = TestImage.Of(new byte[0x1000], "initrd");

        var initrd = Initrd.Load(file, s_kernel with { InitrdLastAddress = 0x37_FFFF }, new LowMemory(memory.Memory));

        Assert.AreEqual(0x37_F000ul, initrd.Address);
    }

    [TestMethod]
    public void Load_DoesNotFit_SaysHowMuchIsMissing()
    {
        using var memory = new TestMemory(4 << 20);
        using var file = TestImage.Of(new byte[0x18_0000], "initrd");

        var error = Assert.ThrowsExactly<BootException>(() => Initrd.Load(file, s_kernel, new LowMemory(memory.Memory)));

        StringAssert.StartsWith(error.Message, "The initrd /test/image does not fit");
        StringAssert.Contains(error.Message, "at least 1 MiB more memory");
    }

    [TestMethod]
    public void LowMemory_TooLittle_IsRefused()
    {
        using var memory = new TestMemory(1 << 20);

        Assert.ThrowsExactly<BootException>(() => new LowMemory(memory.Memory));
    }
}
