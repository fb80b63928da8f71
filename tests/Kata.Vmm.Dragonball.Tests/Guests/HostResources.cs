namespace Kata.Vmm.Dragonball.Tests.Guests;

/// <summary>What of microVMs this process has at a moment: equal before and after, if nothing was left.</summary>
/// <param name="Machines">Descriptors of KVM.</param>
/// <param name="Others">Descriptors of eventfds, sockets, guest memory and TAP devices.</param>
/// <param name="Threads">Names of threads, in alphabetical order.</param>
/// <param name="Mappings">Of guest memory and vCPUs.</param>
internal sealed record HostResources(int Machines, int Others, string Threads, int Mappings)
{
    private static readonly string[] s_others = ["anon_inode", "socket", "memfd:guest", "kata-vmm-", "/dev/net/tun"];

    /// <summary>The runtime makes some of its own when it needs them; each of ours comes with an eventfd.</summary>
    private const string Epoll = "[eventpoll]";

    public static HostResources Count()
    {
        var links = Directory.EnumerateFileSystemEntries("/proc/self/fd").Select(LinkOf).ToList();
        var threads = ThreadIds().Select(NameOf).Where(IsOurs);
        return new HostResources(
            links.Count(link => link.Contains("kvm", StringComparison.Ordinal)),
            links.Where(link => !link.EndsWith(Epoll, StringComparison.Ordinal))
                .Count(link => s_others.Any(other => link.Contains(other, StringComparison.Ordinal))),
            string.Join(' ', threads.Order(StringComparer.Ordinal)),
            File.ReadLines("/proc/self/maps")
                .Count(line => line.Contains("kvm", StringComparison.Ordinal) || line.Contains("memfd:guest", StringComparison.Ordinal)));
    }

    /// <summary>The threads of this process.</summary>
    public static List<string> ThreadIds() => [.. Directory.EnumerateDirectories("/proc/self/task").Select(path => Path.GetFileName(path))];

    /// <summary>The name of a thread; empty when it has ended.</summary>
    public static string NameOf(string thread) => Read(() => File.ReadAllText($"/proc/self/task/{thread}/comm").TrimEnd('\n'));

    /// <summary>Where a link of /proc leads; empty when it is gone.</summary>
    public static string LinkOf(string path) => Read(() => new FileInfo(path).LinkTarget ?? "");

    private static bool IsOurs(string name) =>
        name is "vmm" or "console" or "vhost-fs"
        || name.StartsWith("vcpu", StringComparison.Ordinal) || name.StartsWith("virtio-", StringComparison.Ordinal);

    private static string Read(Func<string> read)
    {
        try
        {
            return read();
        }
        catch (IOException)
        {
            return "";
        }
    }
}
