using Kata.Linux;

namespace Kata.Virtio.Tests.Support;

/// <summary>A directory with a path short enough for sockets.</summary>
internal sealed class TemporaryDirectory : IDisposable
{
    public TemporaryDirectory() => Path = Directory.CreateTempSubdirectory("kv").FullName;

    public string Path { get; }

    public string File(string name) => System.IO.Path.Combine(Path, name);

    public void Dispose()
    {
        try
        {
            Directory.Delete(Path, recursive: true);
        }
        catch (IOException)
        {
            // A guest made names that are no text.
            using var remove = ChildProcess.Start(new ChildProcessOptions { Path = "/bin/rm", Arguments = ["-r", Path] });
            Assert.AreEqual(new ExitStatus(0, 0), remove.Exited.GetAwaiter().GetResult());
        }
    }
}
