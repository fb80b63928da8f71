using System.Globalization;
using Kata.Guest.Agent.Streams;
using Kata.Linux;
using Microsoft.Win32.SafeHandles;

namespace Kata.Guest.Agent.Cgroups;

/// <summary>A container's cgroup (version 2).</summary>
internal sealed class ContainerCgroup
{
    public const string Root = "/sys/fs/cgroup";

    public ContainerCgroup(string directory) => Directory = directory;

    public string Directory { get; }

    /// <summary>Kills every process in it and below; false when the cgroup is gone or the kernel (before 5.14) cannot.</summary>
    public bool TryKillAll() => TryWrite("cgroup.kill", "1");

    /// <summary>Stops or continues all of its processes and waits until they are.</summary>
    /// <exception cref="AgentException">There is no such cgroup.</exception>
    public async Task FreezeAsync(bool frozen, ReadinessPoller poller, CancellationToken cancellationToken)
    {
        var state = frozen ? "1" : "0";
        if (!TryWrite("cgroup.freeze", state))
            throw AgentException.Failed($"The cgroup {Directory} cannot be frozen: it is gone, or not of version 2.");

        using var events = FileDescriptors.Open(PathOf("cgroup.events"), OpenFlags.ReadOnly);
        using var readiness = poller.Watch(events);
        while (ReadFlat(events).GetValueOrDefault("frozen") != (frozen ? 1ul : 0))
            await readiness.WaitAsync(EpollEvents.Priority, cancellationToken);
    }

    /// <summary>The number of times a process in it was killed for lack of memory.</summary>
    public static ulong OomKills(SafeFileHandle memoryEvents) => ReadFlat(memoryEvents).GetValueOrDefault("oom_kill");

    /// <summary>Opens <c>memory.events</c>, which reports a change as <see cref="EpollEvents.Priority"/>; null without a memory controller.</summary>
    public SafeFileHandle? OpenMemoryEvents()
    {
        try
        {
            return FileDescriptors.Open(PathOf("memory.events"), OpenFlags.ReadOnly);
        }
        catch (LinuxException e) when (e.Errno == Errno.ENOENT)
        {
            return null;
        }
    }

    /// <summary>The content of a file of the cgroup; null when there is none.</summary>
    public string? Read(string file)
    {
        try
        {
            return File.ReadAllText(PathOf(file));
        }
        catch (IOException)
        {
            // Also while the cgroup is being removed (ENODEV).
            return null;
        }
    }

    /// <summary>Lines of <c>name number</c>.</summary>
    internal static Dictionary<string, ulong> ParseFlat(ReadOnlySpan<char> text)
    {
        var values = new Dictionary<string, ulong>(StringComparer.Ordinal);
        foreach (var line in text.EnumerateLines())
        {
            var space = line.IndexOf(' ');
            if (space > 0 && ulong.TryParse(line[(space + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var value))
                values[line[..space].ToString()] = value;
        }

        return values;
    }

    private static Dictionary<string, ulong> ReadFlat(SafeFileHandle file)
    {
        Span<byte> buffer = stackalloc byte[1024];
        var count = RandomAccess.Read(file, buffer, 0);
        return ParseFlat(System.Text.Encoding.ASCII.GetString(buffer[..count]));
    }

    private bool TryWrite(string file, string value)
    {
        try
        {
            using var handle = FileDescriptors.Open(PathOf(file), OpenFlags.WriteOnly);
            FileDescriptors.WriteAll(handle, System.Text.Encoding.ASCII.GetBytes(value));
            return true;
        }
        catch (LinuxException e) when (e.Errno is Errno.ENOENT or Errno.ENODEV or Errno.EACCES or Errno.EPERM)
        {
            return false;
        }
    }

    private string PathOf(string file) => $"{Directory}/{file}";
}
