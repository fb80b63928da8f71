using System.Text.RegularExpressions;
using Kata.Guest.Image;
using Microsoft.Win32.SafeHandles;

namespace Kata.Guest.Tests.Image;

[TestClass]
public sealed partial class SharedLibrariesTests
{
    [TestMethod]
    [DataRow("/usr/bin/crun")]
    [DataRow("/bin/sh")]
    public async Task Resolve_DynamicProgram_FindsWhatTheLoaderFinds(string program)
    {
        if (!File.Exists(program)) Assert.Inconclusive($"needs {program}");
        ElfFile elf = ElfFile.Parse(await File.ReadAllBytesAsync(program), program);
        IEnumerable<string> expected = [elf.Interpreter!, .. await ListAsync(elf.Interpreter!, program)];

        List<SharedLibrary> found = SharedLibraries.Resolve(program, SharedLibraries.SystemDirectories());

        CollectionAssert.AreEquivalent(expected.Select(Canonical).ToList(), found.Select(library => Canonical(library.Path)).ToList());
    }

    [TestMethod]
    public void Resolve_LibraryMissing_NamesItAndItsUser()
    {
        GuestImageException error = Assert.ThrowsExactly<GuestImageException>(() => SharedLibraries.Resolve("/bin/sh", ["/nowhere"]));

        Assert.AreEqual("/bin/sh needs libc.so.6, which is in none of /nowhere: install it.", error.Message);
    }

    [TestMethod]
    public void Resolve_StaticProgram_NeedsNothing()
    {
        if (!File.Exists("/bin/busybox")) Assert.Inconclusive("needs busybox-static");

        Assert.IsEmpty(SharedLibraries.Resolve("/bin/busybox", []));
    }

    [TestMethod]
    public void SystemDirectories_NestedConfiguration_ReadsIncludesInOrder()
    {
        string directory = Directory.CreateTempSubdirectory("kata-ld-").FullName;
        try
        {
            Directory.CreateDirectory(Path.Combine(directory, "conf.d"));
            File.WriteAllText(Path.Combine(directory, "ld.so.conf"), "/first\ninclude conf.d/*.conf\n/last # comment\n");
            File.WriteAllText(Path.Combine(directory, "conf.d/b.conf"), "/b\n");
            File.WriteAllText(Path.Combine(directory, "conf.d/a.conf"), "# nothing\n/a\n");

            List<string> directories = SharedLibraries.SystemDirectories(Path.Combine(directory, "ld.so.conf"));

            CollectionAssert.AreEqual(new[] { "/first", "/a", "/b", "/last" }, directories[..4]);
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    /// <summary>What the dynamic loader itself says, as ldd shows it.</summary>
    private static async Task<List<string>> ListAsync(string loader, string program)
    {
        string output = Path.GetTempFileName();
        try
        {
            using (SafeFileHandle file = File.OpenHandle(output, FileMode.Create, FileAccess.Write))
                await Tool.RunAsync("env", [loader, "--list", program], file, CancellationToken.None);
            return [.. (await File.ReadAllLinesAsync(output)).Select(line => LibraryLine().Match(line)).Where(match => match.Success).Select(match => match.Groups[1].Value)];
        }
        finally
        {
            File.Delete(output);
        }
    }

    /// <summary>/lib is a link on a merged system: the same library has two paths.</summary>
    private static string Canonical(string path) => path.StartsWith("/lib", StringComparison.Ordinal) ? "/usr" + path : path;

    [GeneratedRegex("=> (/[^ ]+) ")]
    private static partial Regex LibraryLine();
}
