using System.Globalization;

namespace Kata.Guest.Agent.Storages;

/// <summary>A volume that is a directory of the guest.</summary>
internal static class LocalDirectory
{
    private const UnixFileMode DefaultMode = (UnixFileMode)0x1FF;

    /// <summary>Applies <c>mode=OCTAL</c> and <c>fsgid=N</c> to the directory.</summary>
    public static void Prepare(string path, IEnumerable<string> options)
    {
        var mode = DefaultMode;
        uint? group = null;
        foreach (var option in options)
        {
            if (option.StartsWith("mode=", StringComparison.Ordinal))
                mode = Mode(option);
            else if (FileSystemGroup.IdOf(option) is { } id)
                group = id;
        }

        if (group is { } gid)
        {
            Kata.Linux.FileSystem.ChangeOwner(path, Kata.Linux.FileOwnership.Unchanged, gid);
            mode |= UnixFileMode.SetGroup;
        }

        File.SetUnixFileMode(path, mode);
    }

    private static UnixFileMode Mode(string option)
    {
        var text = option["mode=".Length..];
        var mode = 0;
        foreach (var digit in text)
            mode = digit is >= '0' and <= '7' && mode < 0x1000 ? (mode << 3) | (digit - '0') : throw Wrong(option);
        return text.Length is 0 || mode > 0xFFF ? throw Wrong(option) : (UnixFileMode)mode;
    }

    private static AgentException Wrong(string option) =>
        AgentException.Invalid(string.Create(CultureInfo.InvariantCulture, $"'{option}' is no octal mode of up to four digits."));
}
