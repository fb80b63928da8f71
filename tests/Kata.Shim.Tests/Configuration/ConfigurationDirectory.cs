namespace Kata.Shim.Tests.Configuration;

/// <summary>A directory with a configuration file and the files it names.</summary>
internal sealed class ConfigurationDirectory : IDisposable
{
    public ConfigurationDirectory()
    {
        Root = Directory.CreateTempSubdirectory("kata-configuration-").FullName;
        foreach (var name in (string[])["vmlinuz", "initrd", "image", "qemu", "virtiofsd"])
            File.WriteAllText($"{Root}/{name}", "");
        ConfigPath = $"{Root}/configuration.toml";
    }

    public string Root { get; }

    public string ConfigPath { get; }

    /// <summary>Writes the file; <c>@</c> stands for the directory.</summary>
    public ConfigurationDirectory Write(string toml)
    {
        File.WriteAllText(ConfigPath, toml.Replace("@", Root, StringComparison.Ordinal));
        return this;
    }

    public ConfigurationDirectory WriteDropIn(string name, string toml)
    {
        Directory.CreateDirectory($"{Root}/config.d");
        File.WriteAllText($"{Root}/config.d/{name}", toml.Replace("@", Root, StringComparison.Ordinal));
        return this;
    }

    public void Dispose() => Directory.Delete(Root, recursive: true);
}
