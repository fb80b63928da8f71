using Kata.Linux;

namespace Kata.Shim.Tests.Resources.Fakes;

/// <summary>A fresh directory for tests that mount; nothing stays mounted in it.</summary>
internal sealed class TestDirectory : IDisposable
{
    public TestDirectory()
    {
        Host.NeedsRoot();
        Path = Directory.CreateTempSubdirectory("kata-resources-").FullName;
    }

    public string Path { get; }

    public string Make(string name) => Directory.CreateDirectory($"{Path}/{name}").FullName;

    public string Write(string name, string text)
    {
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName($"{Path}/{name}")!);
        File.WriteAllText($"{Path}/{name}", text);
        return $"{Path}/{name}";
    }

    /// <summary>Mounts at or below the directory.</summary>
    public IReadOnlyList<string> Mounts() =>
        MountTable.Read().Select(entry => entry.Target).Where(target => target.StartsWith(Path, StringComparison.Ordinal)).ToList();

    public void Dispose()
    {
        MountTable.UnmountBelow(Path);
        Directory.Delete(Path, recursive: true);
    }
}
