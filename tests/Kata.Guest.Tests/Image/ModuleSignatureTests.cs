using Kata.Guest.Image;

namespace Kata.Guest.Tests.Image;

[TestClass]
public sealed class ModuleSignatureTests
{
    private static readonly byte[] Marker = "~Module signature appended~\n"u8.ToArray();

    [TestMethod]
    public void Remove_SignedModule_LeavesTheModule()
    {
        byte[] module = [1, 2, 3, 4];
        byte[] signed = [.. module, .. "signer"u8, .. "key"u8, .. new byte[300], 0, 4, 2, 6, 3, 0, 0, 0, 0, 0, 1, 44, .. Marker];
        CollectionAssert.AreEqual(module, ModuleSignature.Remove(signed, "m.ko"));
    }

    [TestMethod]
    public void Remove_UnsignedModule_IsTheSame()
    {
        byte[] module = new byte[100];
        Assert.AreSame(module, ModuleSignature.Remove(module, "m.ko"));
        Assert.AreSame(Marker, ModuleSignature.Remove(Marker, "m.ko"));
    }

    [TestMethod]
    public void Remove_SignatureLongerThanTheFile_IsDamage()
    {
        byte[] damaged = [1, 2, 3, 0, 4, 2, 0, 0, 0, 0, 0, 255, 255, 255, 255, .. Marker];
        Assert.ThrowsExactly<GuestImageException>(() => ModuleSignature.Remove(damaged, "m.ko"));
    }
}
