using System.Text;
using System.Text.RegularExpressions;
using Kata.Guest.Image;
using Microsoft.Win32.SafeHandles;

namespace Kata.Guest.Tests.Image;

[TestClass]
public sealed class CpioWriterTests
{
    private const UnixFileMode Mode644 =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    [TestMethod]
    public void WriteFile_ShortContent_GivesTheBytesOfTheFormat()
    {
        using var stream = new MemoryStream();
        var cpio = new CpioWriter(stream);

        cpio.WriteFile("/etc/a", Mode644, "hello"u8);

        const string expected =
            "070701" + "00000001" + "000081A4" + "00000000" + "00000000" + "00000001" + "00000000" + "00000005" +
            "00000000" + "00000000" + "00000000" + "00000000" + "00000006" + "00000000" + "etc/a\0" +
            "hello\0\0\0";
        Assert.AreEqual(expected, Encoding.ASCII.GetString(stream.ToArray()));
        Assert.AreEqual(expected.Length, cpio.Length);
    }

    [TestMethod]
    public void Finish_AfterAnEntry_EndsWithTheTrailerOnABlock()
    {
        using var stream = new MemoryStream();
        var cpio = new CpioWriter(stream);

        cpio.WriteDirectory("/dev", Mode644);
        cpio.Finish();

        Assert.AreEqual(0, stream.Length % 512);
        string text = Encoding.ASCII.GetString(stream.ToArray());
        int trailer = text.IndexOf("TRAILER!!!\0", StringComparison.Ordinal);
        Assert.AreEqual("070701" + "00000000" + "00000000", text.Substring(trailer - 110, 22));
        Assert.AreEqual("0000000B", text.Substring(trailer - 16, 8));
    }

    [TestMethod]
    public async Task RootTree_ReadByCpio_HasWhatWasPutIn()
    {
        if (!File.Exists("/usr/bin/cpio")) Assert.Inconclusive("needs cpio");
        string directory = Directory.CreateTempSubdirectory("kata-cpio-").FullName;
        try
        {
            string archive = Path.Combine(directory, "root.cpio"), root = Path.Combine(directory, "root");
            Directory.CreateDirectory(root);
            var tree = new RootTree();
            tree.AddProgram("/bin/tool", [1, 2, 3]);
            tree.AddData("/lib/modules/6.1/kernel/x.ko", new byte[4097]);
            await using (FileStream stream = File.Create(archive)) tree.Write(new CpioWriter(stream));

            string listing = await CpioAsync(directory, "--list", "--verbose", "--numeric-uid-gid", "--file=" + archive);
            await CpioAsync(directory, "--extract", "--make-directories", "--nonmatching", "--file=" + archive, "--directory=" + root, "dev/*");

            CollectionAssert.AreEqual(new byte[] { 1, 2, 3 }, await File.ReadAllBytesAsync(Path.Combine(root, "bin/tool")));
            Assert.AreEqual(4097, new FileInfo(Path.Combine(root, "lib/modules/6.1/kernel/x.ko")).Length);
            StringAssert.Contains(listing, "lib -> usr/lib");
            StringAssert.Matches(listing, new Regex("^-rwxr-xr-x .* usr/bin/tool$", RegexOptions.Multiline));
            StringAssert.Matches(listing, new Regex("^drwxrwxrwt .* tmp$", RegexOptions.Multiline));
            StringAssert.Matches(listing, new Regex("^crw------- .* 5, +1 .* dev/console$", RegexOptions.Multiline));
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    [TestMethod]
    public void RootTree_WrittenTwice_GivesTheSameBytes()
    {
        CollectionAssert.AreEqual(Archive("/a", "/b/c"), Archive("/b/c", "/a"));

        static byte[] Archive(params string[] files)
        {
            var tree = new RootTree();
            foreach (string file in files) tree.AddData(file, Encoding.ASCII.GetBytes(file));
            using var stream = new MemoryStream();
            tree.Write(new CpioWriter(stream));
            return stream.ToArray();
        }
    }

    private static async Task<string> CpioAsync(string directory, params string[] arguments)
    {
        string output = Path.Combine(directory, "output");
        using (SafeFileHandle file = File.OpenHandle(output, FileMode.Create, FileAccess.Write))
            await Tool.RunAsync("cpio", ["--quiet", .. arguments], file, CancellationToken.None);
        return await File.ReadAllTextAsync(output);
    }
}
