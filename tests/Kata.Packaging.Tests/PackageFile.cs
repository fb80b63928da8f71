using System.IO.Compression;
using System.Xml.Linq;

namespace Kata.Packaging.Tests;

/// <summary>What a .nupkg says of itself.</summary>
internal sealed record PackageFile(string Path, string Id, string Version, XElement Metadata, IReadOnlyList<string> Dependencies, IReadOnlyList<string> Entries)
{
    public static PackageFile Read(string path)
    {
        using var archive = ZipFile.OpenRead(path);
        using var nuspec = archive.Entries.Single(entry => entry.FullName.EndsWith(".nuspec", StringComparison.Ordinal)).Open();
        var metadata = XDocument.Load(nuspec).Root!.Elements().First();
        return new PackageFile(
            path,
            ValueOf(metadata, "id")!,
            ValueOf(metadata, "version")!,
            metadata,
            [.. metadata.Descendants().Where(element => element.Name.LocalName == "dependency").Select(element => element.Attribute("id")!.Value)],
            [.. archive.Entries.Select(entry => entry.FullName)]);
    }

    public string? this[string element] => ValueOf(Metadata, element);

    public string ReadText(string entry)
    {
        using var archive = ZipFile.OpenRead(Path);
        using var reader = new StreamReader(archive.GetEntry(entry)!.Open());
        return reader.ReadToEnd();
    }

    private static string? ValueOf(XElement metadata, string name) =>
        metadata.Elements().FirstOrDefault(element => element.Name.LocalName == name)?.Value;
}
