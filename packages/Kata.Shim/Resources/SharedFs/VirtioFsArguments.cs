using Kata.Shim.Configuration;

namespace Kata.Shim.Resources.SharedFs;

/// <summary>Command lines of virtiofsd. Operators' extra arguments are understood in either program's spelling.</summary>
internal static class VirtioFsArguments
{
    /// <summary>The descriptor number of the listening socket in the daemon.</summary>
    public const int SocketDescriptor = 3;

    /// <summary>Options without a value that the C program takes with <c>-o</c> and the Rust program as <c>--name</c>.</summary>
    private static readonly string[] Switches =
        ["announce_submounts", "xattr", "posix_acl", "security_label", "writeback", "allow_direct_io", "killpriv_v2", "no_readdirplus", "readdirplus"];

    /// <summary>Options with a value, likewise.</summary>
    private static readonly string[] Values = ["cache", "sandbox", "xattrmap", "modcaps", "log_level", "timeout"];

    /// <summary>Tells which program a path is, from what it says of itself with <c>--version</c>.</summary>
    public static VirtioFsDaemonKind KindOf(string versionText) =>
        // "virtiofsd version 7.2.22 (Debian …)" against "virtiofsd 1.13.0".
        versionText.Contains("FUSE kernel interface", StringComparison.Ordinal) || versionText.Contains("virtiofsd version", StringComparison.Ordinal)
            ? VirtioFsDaemonKind.Qemu
            : VirtioFsDaemonKind.Rust;

    /// <summary>The arguments to serve <paramref name="directory"/> on the socket at <see cref="SocketDescriptor"/>.</summary>
    public static List<string> For(VirtioFsDaemonKind kind, string directory, SharedFsConfiguration configuration)
    {
        List<string> arguments = kind == VirtioFsDaemonKind.Rust
            ? [$"--fd={SocketDescriptor}", $"--shared-dir={directory}", $"--cache={configuration.Cache}", "--xattr"]
            : ["-f", $"--fd={SocketDescriptor}", "-o", $"source={directory}", "-o", $"cache={QemuCache(configuration.Cache)}", "-o", "xattr"];
        var extra = Translate(kind, configuration.ExtraArguments).ToList();
        // The Rust program refuses to be told twice.
        extra.RemoveAll(argument => argument == "--xattr");
        if (!configuration.Debug && !extra.Exists(argument => argument.Contains("log_level", StringComparison.Ordinal) || argument.Contains("log-level", StringComparison.Ordinal)))
            arguments.AddRange(kind == VirtioFsDaemonKind.Rust ? ["--log-level=warn"] : ["-o", "log_level=warn"]);
        return [.. arguments, .. extra];
    }

    private static IEnumerable<string> Translate(VirtioFsDaemonKind kind, IReadOnlyList<string> extra)
    {
        for (var i = 0; i < extra.Count; i++)
        {
            var argument = extra[i];
            var options = argument == "-o" && i + 1 < extra.Count ? extra[++i]
                : argument.StartsWith("-o", StringComparison.Ordinal) && argument.Length > 2 ? argument[2..]
                : null;
            var words = options is not null ? options.Split(',').Select(option => Word(kind, option))
                : IsDashed(argument, out var name) ? [Word(kind, name)]
                : [[argument]];
            foreach (var word in words.SelectMany(word => word))
                yield return word;
        }
    }

    /// <summary>One option in the spelling of the program.</summary>
    private static string[] Word(VirtioFsDaemonKind kind, string option) =>
        kind == VirtioFsDaemonKind.Qemu ? ["-o", option] : [$"--{option.Replace('_', '-')}"];

    /// <summary>Whether a <c>--long-option</c> is one that the C program takes with <c>-o</c>; its name there.</summary>
    private static bool IsDashed(string argument, out string option)
    {
        option = "";
        if (!argument.StartsWith("--", StringComparison.Ordinal))
            return false;
        var end = argument.IndexOf('=', StringComparison.Ordinal);
        var name = (end < 0 ? argument[2..] : argument[2..end]).Replace('-', '_');
        if (end < 0 ? !Switches.Contains(name) : !Values.Contains(name))
            return false;
        option = end < 0 ? name : $"{name}{argument[end..]}";
        return true;
    }

    private static string QemuCache(string cache) => cache switch
    {
        "never" => "none",
        "metadata" => "auto",
        _ => cache,
    };
}
