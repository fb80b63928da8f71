using System.Globalization;
using System.Text.RegularExpressions;

namespace Kata.Virtio.Tests.Fuse;

/// <summary>Debian's stress-ng as a conformance suite: its stressors of files and directories check what they did.</summary>
internal static partial class StressNg
{
    public const string Program = "/usr/bin/stress-ng";

    /// <summary>How often each stressor does what it does.</summary>
    private static readonly (string Name, int Operations)[] s_quick =
    [
        ("access", 2), ("aio", 20), ("aiol", 20), ("chattr", 2), ("chmod", 2), ("chown", 20), ("copy-file", 2), ("dir", 50), ("dirdeep", 20),
        ("dirmany", 20), ("dnotify", 2), ("dup", 2), ("fcntl", 4), ("file-ioctl", 4), ("flock", 20), ("fsize", 1), ("fstat", 20), ("getdent", 4),
        ("handle", 2), ("hdd", 20), ("inotify", 2), ("io", 2), ("io-uring", 2), ("iomix", 20), ("locka", 20), ("lockf", 20), ("lockofd", 20),
        ("mknod", 2), ("msync", 4), ("open", 20), ("rename", 20), ("revio", 20), ("seek", 20), ("sendfile", 4), ("splice", 20), ("touch", 20),
        ("utime", 20), ("xattr", 4),
    ];

    /// <summary>Those that take up to minutes in the lab.</summary>
    private static readonly (string Name, int Operations)[] s_slow =
    [
        ("chdir", 20), ("dentry", 100), ("fallocate", 1), ("filename", 1), ("lease", 20), ("link", 1), ("readahead", 1),
        ("symlink", 1), ("sync-file", 2),
    ];

    /// <summary>A script that runs the stressors, one after the other.</summary>
    /// <param name="directory">Where they do it.</param>
    /// <param name="isWhole">With those that take long.</param>
    public static string Script(string directory, bool isWhole) => $"""
        cat > {directory}/job <<'END'
        run sequential
        verify
        metrics-brief
        temp-path {directory}
        timeout {(isWhole ? 120 : 10)}
        hdd-bytes 1m
        fallocate-bytes 4m
        readahead-bytes 4m
        chdir-dirs 512
        {string.Join('\n', Stressors(isWhole).Select(stressor => $"{stressor.Name} 1\n{stressor.Name}-ops {stressor.Operations}"))}
        END
        stress-ng --job {directory}/job
        """;

    /// <summary>Fails for stressors that did nothing: those skip what they do not find supported, and succeed. Returns what was done.</summary>
    /// <param name="output">What the script said.</param>
    /// <param name="isWhole">As for the script.</param>
    public static string Check(string output, bool isWhole)
    {
        var done = Row().Matches(output).ToDictionary(row => row.Groups[1].Value, row => long.Parse(row.Groups[2].Value, CultureInfo.InvariantCulture));
        var skipped = Stressors(isWhole).Select(stressor => stressor.Name).Where(name => done.GetValueOrDefault(name) == 0).ToList();
        Assert.IsEmpty(skipped, $"did nothing: {string.Join(' ', skipped)}\n{output}");
        return $"{done.Count} stressors passed, {done.Values.Sum()} operations";
    }

    private static (string Name, int Operations)[] Stressors(bool isWhole) => isWhole ? [.. s_quick, .. s_slow] : s_quick;

    // One of the table of operations and times.
    [GeneratedRegex(@"metrc: \[\d+\] (\S+) +(\d+) +\d+\.\d+ +\d+\.\d+ ")]
    private static partial Regex Row();
}
