using Kata.Linux;

namespace Kata.Virtio.Tests.Support;

/// <summary>A file system on a directory, as long as it is not disposed. What was in there ends with it, whatever its name.</summary>
internal sealed class TemporaryMount : IDisposable
{
    private readonly string _path;

    public TemporaryMount(string path, string type, string data = "")
    {
        if (CurrentProcess.EffectiveUserId != 0)
            Assert.Inconclusive($"needs root, to mount a {type}");
        MountPoint.Mount("test", path, type, data: data);
        _path = path;
    }

    public void Dispose() => MountPoint.Unmount(_path, detach: true);
}
