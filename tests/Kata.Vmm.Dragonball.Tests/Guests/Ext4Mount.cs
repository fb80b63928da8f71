namespace Kata.Vmm.Dragonball.Tests.Guests;

/// <summary>
/// An empty ext4 file system of 8 GiB in an image file that takes what is written, mounted. It has what a tmpfs lacks, attributes of users for
/// instance.
/// </summary>
internal sealed class Ext4Mount : IDisposable
{
    private Ext4Mount(string path) => Path = path;

    public string Path { get; }

    /// <param name="directory">Where image and mount point are made.</param>
    public static Ext4Mount Make(string directory)
    {
        var image = System.IO.Path.Combine(directory, "ext4.img");
        var path = Directory.CreateDirectory(System.IO.Path.Combine(directory, "ext4")).FullName;
        using (var file = File.Create(image))
            file.SetLength(8L << 30);
        HostCommand.Run("mkfs.ext4", "-q", "-I", "256", "-N", "65536", "-O", "^has_journal", image);
        // In a kernel's module or built in, where modprobe may not know it.
        HostCommand.Run("sh", "-c", "modprobe loop 2> /dev/null; mount -o loop,noinit_itable \"$0\" \"$1\"", image, path);
        return new Ext4Mount(path);
    }

    public void Dispose() => HostCommand.Run("umount", "--lazy", Path);
}
