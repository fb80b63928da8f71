using System.Globalization;

namespace Kata.Linux.Cgroups;

/// <summary>One cgroup directory (Documentation/admin-guide/cgroup-v1 and cgroup-v2.rst).</summary>
public static class Cgroup
{
    private const int Attempts = 5;

    /// <summary>Makes the directory with its parents.</summary>
    /// <param name="hierarchy">The hierarchy it is in.</param>
    /// <param name="path">The path below the hierarchy's mount point; may begin with a slash.</param>
    /// <param name="willCreate">Told about a directory before it is made.</param>
    /// <returns>The absolute directory.</returns>
    public static string Create(CgroupHierarchy hierarchy, string path, Action<string>? willCreate = null)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                var directory = hierarchy.MountPoint;
                foreach (var component in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
                {
                    directory = $"{directory}/{component}";
                    if (Directory.Exists(directory))
                        continue;
                    willCreate?.Invoke(directory);
                    Directory.CreateDirectory(directory);
                    if (hierarchy.Controllers.Contains("cpuset"))
                        InheritCpuset(directory);
                }

                return directory;
            }
            catch (DirectoryNotFoundException) when (attempt < Attempts)
            {
                // Somebody removed the empty parent between our two steps.
            }
        }
    }

    /// <summary>Moves a process with all its threads into a cgroup.</summary>
    public static void AddProcess(string directory, int pid) =>
        File.WriteAllText($"{directory}/cgroup.procs", pid.ToString(CultureInfo.InvariantCulture));

    /// <summary>The processes in a cgroup; none when it does not exist.</summary>
    public static IReadOnlyList<int> ProcessesOf(string directory)
    {
        try
        {
            return File.ReadLines($"{directory}/cgroup.procs").Select(line => int.Parse(line, CultureInfo.InvariantCulture)).ToList();
        }
        catch (IOException)
        {
            return [];
        }
    }

    /// <summary>Removes an empty cgroup.</summary>
    /// <returns>True when it is gone, false while processes or other cgroups are in it.</returns>
    public static bool TryRemove(string directory)
    {
        try
        {
            FileSystem.RemoveEmptyDirectory(directory);
            return true;
        }
        catch (LinuxException exception) when (exception.Errno is Errno.EBUSY or Errno.ENOTEMPTY)
        {
            return false;
        }
    }

    /// <summary>On version 1 a new cpuset is empty and takes no process until it has CPUs and memory nodes.</summary>
    private static void InheritCpuset(string directory)
    {
        foreach (var file in (ReadOnlySpan<string>)["cpuset.cpus", "cpuset.mems"])
        {
            if (string.IsNullOrWhiteSpace(File.ReadAllText($"{directory}/{file}")))
                File.WriteAllText($"{directory}/{file}", File.ReadAllText($"{Path.GetDirectoryName(directory)}/{file}"));
        }
    }
}
