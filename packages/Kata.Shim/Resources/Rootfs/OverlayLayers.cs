using System.Text;

namespace Kata.Shim.Resources.Rootfs;

/// <summary>
/// mount(2) takes at most one page of options, which images with many layers exceed. Their directories have a long common beginning:
/// seen from there, the options are short.
/// </summary>
internal static class OverlayLayers
{
    /// <summary>The most bytes of options that fit, with their terminator, into a page.</summary>
    public const int MaxData = 4095;

    private const string Lower = "lowerdir=", Upper = "upperdir=", Work = "workdir=";

    /// <summary>Rewrites long options to be relative to a directory; null when there is no need, or no common directory.</summary>
    public static (string Directory, string Data)? Shorten(string data)
    {
        if (Encoding.UTF8.GetByteCount(data) <= MaxData)
            return null;
        // Escaped separators in directory names are left to fail: snapshotters do not make such names.
        var options = data.Split(',');
        var paths = options.SelectMany(PathsOf).ToList();
        if (paths.Count == 0 || paths.Exists(path => !path.StartsWith('/')))
            return null;
        var common = CommonDirectory(paths);
        if (common.Length <= 1)
            return null;
        return (common, string.Join(',', options.Select(option => Relative(option, common))));
    }

    private static IEnumerable<string> PathsOf(string option) =>
        option.StartsWith(Lower, StringComparison.Ordinal) ? option[Lower.Length..].Split(':')
        : option.StartsWith(Upper, StringComparison.Ordinal) ? [option[Upper.Length..]]
        : option.StartsWith(Work, StringComparison.Ordinal) ? [option[Work.Length..]]
        : [];

    private static string CommonDirectory(List<string> paths)
    {
        var common = paths[0][..(paths[0].LastIndexOf('/') + 1)];
        foreach (var path in paths)
        {
            while (!path.StartsWith(common, StringComparison.Ordinal))
                common = common[..(common.TrimEnd('/').LastIndexOf('/') + 1)];
        }

        return common;
    }

    private static string Relative(string option, string common)
    {
        var value = option.IndexOf('=', StringComparison.Ordinal) + 1;
        return !PathsOf(option).Any() ? option : option[..value] + string.Join(':', option[value..].Split(':').Select(path => path[common.Length..]));
    }
}
