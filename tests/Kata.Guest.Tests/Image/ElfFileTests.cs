using CsCheck;
using Kata.Guest.Image;

namespace Kata.Guest.Tests.Image;

[TestClass]
public sealed class ElfFileTests
{
    [TestMethod]
    public void Parse_NotElf_SaysSo() =>
        Assert.AreEqual(
            "notes is not an ELF file.",
            Assert.ThrowsExactly<GuestImageException>(() => ElfFile.Parse(new byte[100], "notes")).Message);

    [TestMethod]
    public void Parse_DamagedFile_FailsCleanlyOrNotAtAll()
    {
        byte[] shell = File.ReadAllBytes("/bin/sh");
        // The headers are where damage matters: the first 1 KiB and the section header fields.
        Gen.Select(Gen.Int[0, 1023], Gen.Byte, Gen.Int[64, shell.Length]).Sample(
            (at, value, length) =>
            {
                byte[] damaged = shell[..length];
                damaged[Math.Min(at, length - 1)] = value;
                try
                {
                    _ = ElfFile.Parse(damaged, "damaged").Section(".modinfo").Length;
                }
                catch (GuestImageException)
                {
                }
            },
            iter: 2000);
    }
}
