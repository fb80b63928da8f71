using Kata.Linux;
using Kata.Vmm.Dragonball.Boot.Images;

namespace Kata.Vmm.Dragonball.Tests.Boot.Fakes;

internal static class TestImage
{
    /// <summary>A kernel or initrd of these bytes, without a file system.</summary>
    public static ImageFile Of(ReadOnlySpan<byte> content, string role = "kernel")
    {
        var file = FileDescriptors.Memory("image", Math.Max(content.Length, 1));
        RandomAccess.Write(file, content, 0);
        return ImageFile.Wrap(file, "/test/image", role);
    }
}
