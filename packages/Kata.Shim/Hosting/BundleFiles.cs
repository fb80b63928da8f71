namespace Kata.Shim.Hosting;

/// <summary>The files a shim leaves in a bundle for containerd and for operators.</summary>
internal static class BundleFiles
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Where containerd finds the daemon again after its own restart. Plain text: 1.6 understands nothing else.</summary>
    internal static void WriteAddress(string bundle, string address) => Replace(Path.Combine(bundle, "address"), address);

    /// <summary>The daemon's process id, for operators.</summary>
    internal static void WriteDaemonPid(string bundle, int pid) => Replace(Path.Combine(bundle, "shim.pid"), $"{pid}");

    private static void Replace(string path, string text)
    {
        var temporary = Path.Combine(Path.GetDirectoryName(path)!, $".{Path.GetFileName(path)}.{Environment.ProcessId}");
        try
        {
            using (var file = new FileStream(temporary, new FileStreamOptions
            {
                Mode = FileMode.Create,
                Access = FileAccess.Write,
                BufferSize = 0,
                UnixCreateMode = OwnerOnly,
            }))
                file.Write(System.Text.Encoding.UTF8.GetBytes(text));
            File.Move(temporary, path, overwrite: true);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }
}
