using System;
using System.Collections.Generic;
using System.IO;
using System.IO.Compression;
using System.Linq;
using System.Xml.Linq;
using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;

/// <summary>Prints what is in a package folder: package, version, size, dependencies.</summary>
public sealed class WritePackageTable : Task
{
    public string Directory { get; set; }

    public override bool Execute()
    {
        var rows = new List<string[]> { new[] { "package", "version", "KiB", "dependencies" } };
        foreach (var path in System.IO.Directory.GetFiles(Directory, "*.nupkg").OrderBy(path => path, StringComparer.Ordinal))
            rows.Add(Describe(path));
        var widths = Enumerable.Range(0, 3).Select(column => rows.Max(row => row[column].Length)).ToArray();
        foreach (var row in rows)
        {
            Log.LogMessage(
                MessageImportance.High,
                "  " + row[0].PadRight(widths[0]) + "  " + row[1].PadRight(widths[1]) + "  " + row[2].PadLeft(widths[2]) + "  " + row[3]);
        }

        return true;
    }

    private static string[] Describe(string path)
    {
        using (var archive = ZipFile.OpenRead(path))
        using (var stream = archive.Entries.Single(entry => entry.FullName.EndsWith(".nuspec", StringComparison.Ordinal)).Open())
        {
            var metadata = XDocument.Load(stream).Root.Elements().First();
            Func<string, string> value = name => metadata.Elements().First(element => element.Name.LocalName == name).Value;
            var dependencies = metadata.Descendants().Where(element => element.Name.LocalName == "dependency").Select(element => element.Attribute("id").Value);
            return new[] { value("id"), value("version"), (new FileInfo(path).Length / 1024).ToString(), string.Join(", ", dependencies) };
        }
    }
}
