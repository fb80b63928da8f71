using System.Globalization;
using System.Text;

namespace Kata.Linux;

/// <summary>The mounts of a mount namespace (proc_pid_mountinfo(5)).</summary>
public static class MountTable
{
    /// <summary>The mounts the calling thread sees, in the order in which they were made.</summary>
    public static IReadOnlyList<MountEntry> Read() => Read("/proc/thread-self/mountinfo");

    /// <summary>The mounts in a file of that format.</summary>
    public static IReadOnlyList<MountEntry> Read(string path)
    {
        var entries = new List<MountEntry>();
        foreach (var line in File.ReadLines(path))
        {
            if (Parse(line) is { } entry)
                entries.Add(entry);
        }

        return entries;
    }

    /// <summary>Unmounts everything at and below a directory, the latest mount first.</summary>
    /// <param name="directory">Absolute path without symbolic links.</param>
    /// <returns>How many were unmounted.</returns>
    /// <exception cref="LinuxException">One could not be unmounted, not even lazily.</exception>
    public static int UnmountBelow(string directory)
    {
        var prefix = directory.TrimEnd('/') + "/";
        var count = 0;
        var entries = Read();
        for (var i = entries.Count - 1; i >= 0; i--)
        {
            var target = entries[i].Target;
            if ((target == directory || target.StartsWith(prefix, StringComparison.Ordinal)) && MountPoint.Unmount(target, detach: true))
                count++;
        }

        return count;
    }

    /// <summary>Reads one line; null when it is none.</summary>
    internal static MountEntry? Parse(string line)
    {
        // 36 35 98:0 /root /target rw,noatime master:1 - ext4 /dev/root rw,errors=continue
        const int FieldsBeforeOptional = 6;
        var fields = line.Split(' ');
        var separator = Array.IndexOf(fields, "-", Math.Min(FieldsBeforeOptional, fields.Length));
        return separator < 0 || fields.Length < separator + 4 || !int.TryParse(fields[0], NumberStyles.None, CultureInfo.InvariantCulture, out var id)
            ? null
            : new MountEntry(id, Unescape(fields[3]), Unescape(fields[4]), fields[5], fields[separator + 1], Unescape(fields[separator + 2]), fields[separator + 3]);
    }

    /// <summary>Blanks, tabs, newlines and backslashes are written as a backslash and three octal digits.</summary>
    private static string Unescape(string field)
    {
        if (!field.Contains('\\', StringComparison.Ordinal))
            return field;
        var text = new StringBuilder(field.Length);
        for (var i = 0; i < field.Length; i++)
        {
            if (field[i] == '\\' && i + 3 < field.Length && field.AsSpan(i + 1, 3).IndexOfAnyExceptInRange('0', '7') < 0)
            {
                text.Append((char)(((field[i + 1] - '0') << 6) | ((field[i + 2] - '0') << 3) | (field[i + 3] - '0')));
                i += 3;
            }
            else
            {
                text.Append(field[i]);
            }
        }

        return text.ToString();
    }
}
