namespace Kata.Shim.Resources.Cgroups;

/// <summary>The place of a sandbox in the cgroup trees.</summary>
internal static class CgroupPath
{
    /// <summary>
    /// The path for <c>linux.cgroupsPath</c>: as it is, or for systemd's notation <c>slice:prefix:name</c> the directory systemd would use.
    /// </summary>
    /// <returns>A path without leading slash and without components that leave the tree; null when there is none.</returns>
    public static string? Of(string? cgroupsPath)
    {
        if (string.IsNullOrEmpty(cgroupsPath))
            return null;
        var parts = cgroupsPath.Split(':');
        var path = parts.Length == 3 && !cgroupsPath.Contains('/', StringComparison.Ordinal)
            ? $"{SliceDirectory(parts[0])}/{Unit(parts[1], parts[2])}"
            : cgroupsPath;
        var components = path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        return components.Length == 0 || components.Any(component => component is "." or "..") ? null : string.Join('/', components);
    }

    /// <summary>The path of the cgroup for what runs beside the VM, in the notation of the sandbox's.</summary>
    public static string OverheadOf(string cgroupsPath, string sandboxId) =>
        cgroupsPath.Contains('/', StringComparison.Ordinal) ? $"kata_overhead/{sandboxId}" : Of($"kata-overhead.slice:runtime:{sandboxId}")!;

    /// <summary>Slices nest by their names: <c>a-b.slice</c> is in <c>a.slice</c>.</summary>
    private static string SliceDirectory(string slice)
    {
        const string Suffix = ".slice";
        var name = slice.Length == 0 ? "system" : slice.EndsWith(Suffix, StringComparison.Ordinal) ? slice[..^Suffix.Length] : slice;
        if (name is "-" or "")
            return "";
        var directories = new List<string>();
        for (var end = name.IndexOf('-', StringComparison.Ordinal); end >= 0; end = name.IndexOf('-', end + 1))
            directories.Add($"{name[..end]}{Suffix}");
        return string.Join('/', [.. directories, $"{name}{Suffix}"]);
    }

    private static string Unit(string prefix, string name) =>
        name.EndsWith(".slice", StringComparison.Ordinal) ? name : prefix.Length == 0 ? $"{name}.scope" : $"{prefix}-{name}.scope";
}
