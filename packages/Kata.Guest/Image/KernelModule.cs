using System.Text;

namespace Kata.Guest.Image;

/// <summary>A module of a kernel, decompressed.</summary>
internal sealed class KernelModule
{
    public KernelModule(string name, string path, byte[] content)
    {
        Name = name;
        Path = path;
        Content = content;
        ReadInformation();
    }

    /// <summary>The name with underscores, as <c>/proc/modules</c> shows it.</summary>
    public string Name { get; }

    /// <summary>The path below the directory of the kernel's modules, without the suffix of a compression.</summary>
    public string Path { get; }

    /// <summary>The ELF file.</summary>
    public byte[] Content { get; }

    /// <summary>The modules it uses symbols of.</summary>
    public List<string> Depends { get; } = [];

    /// <summary>The kernel it is built for: the first word of its version magic.</summary>
    public string? KernelRelease { get; private set; }

    /// <summary>Reads the strings that the kernel build left in the module: <c>key=value</c>, each ended by a NUL.</summary>
    private void ReadInformation()
    {
        foreach (string entry in Encoding.UTF8.GetString(ElfFile.Parse(Content, Path).Section(".modinfo")).Split('\0'))
        {
            int equals = entry.IndexOf('=');
            if (equals < 0) continue;
            string value = entry[(equals + 1)..];
            switch (entry[..equals])
            {
                case "depends":
                    Depends.AddRange(value.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(KernelModules.Normalize));
                    break;
                case "vermagic":
                    KernelRelease = value.Split(' ')[0];
                    break;
            }
        }
    }
}
