using Kata.Abstractions;
using Kata.Shim.Configuration.Toml;

namespace Kata.Shim.Configuration;

/// <summary>Finds the configuration file and its drop-ins.</summary>
internal static class ConfigurationFiles
{
    /// <summary>Where an installation puts its file, in the order of search.</summary>
    public static readonly IReadOnlyList<string> DefaultPaths =
    [
        "/etc/kata-containers/runtime-rs/configuration.toml",
        "/usr/share/defaults/kata-containers/runtime-rs/configuration.toml",
        "/opt/kata/share/defaults/kata-containers/runtime-rs/configuration.toml",
        "/etc/kata-containers/configuration.toml",
        "/usr/share/defaults/kata-containers/configuration.toml",
        "/opt/kata/share/defaults/kata-containers/configuration.toml",
    ];

    /// <summary>The file to use, with symbolic links resolved.</summary>
    /// <exception cref="ConfigurationException">A named file does not exist, or none is installed.</exception>
    public static string Locate(string? kataConfFile, string? configPath, IReadOnlyList<string> defaultPaths)
    {
        if (!string.IsNullOrEmpty(kataConfFile))
            return Resolve(kataConfFile) ?? throw Missing("environment variable KATA_CONF_FILE", kataConfFile);
        if (!string.IsNullOrEmpty(configPath))
            return Resolve(configPath) ?? throw Missing("ConfigPath of the runtime options", configPath);
        foreach (var path in defaultPaths)
        {
            if (Resolve(path) is { } found)
                return found;
        }

        throw new ConfigurationException(
            "configuration file", null,
            $"None of {string.Join(", ", defaultPaths)} exists; install one, or name one with ConfigPath in containerd's runtime options.");
    }

    /// <summary>Reads a file and lays the files of <c>config.d</c> next to it over it, in the order of their names.</summary>
    public static TomlTable Read(string path)
    {
        var table = TomlFile.Read(path);
        var directory = Path.Combine(Path.GetDirectoryName(path)!, "config.d");
        if (!Directory.Exists(directory))
            return table;
        foreach (var dropIn in Directory.EnumerateFileSystemEntries(directory).Order(StringComparer.Ordinal))
        {
            if (!File.Exists(dropIn))
                throw new ConfigurationException("drop-in", dropIn, "Only regular files may be in config.d.");
            table.Merge(TomlFile.Read(dropIn));
        }

        return table;
    }

    private static string? Resolve(string path)
    {
        if (!File.Exists(path))
            return null;
        var full = Path.GetFullPath(path);
        return File.ResolveLinkTarget(full, returnFinalTarget: true)?.FullName ?? full;
    }

    private static ConfigurationException Missing(string origin, string path) =>
        new("configuration file", origin, Directory.Exists(path) ? $"{path} is a directory." : $"{path} does not exist.");
}
