using System.Globalization;

namespace Kata.Guest.Agent.Storages;

/// <summary>Huge pages for a volume: the guest's kernel has to set them aside first.</summary>
internal static class HugePages
{
    private const string Root = "/sys/kernel/mm/hugepages";

    /// <summary>Sets aside the pages of <c>pagesize=BYTES</c> and <c>size=BYTES</c>, each its own option or in one.</summary>
    /// <exception cref="AgentException">The guest has no such pages or not enough memory.</exception>
    public static void Reserve(IEnumerable<string> options)
    {
        var (pageSize, pages) = Parse(options);
        var file = $"{Root}/hugepages-{pageSize / 1024}kB/nr_hugepages";
        if (!File.Exists(file))
            throw AgentException.Invalid($"The guest has no huge pages of {pageSize} bytes.");
        var wanted = Count(file) + pages;
        File.WriteAllText(file, wanted.ToString(CultureInfo.InvariantCulture));
        if (Count(file) < wanted)
            throw AgentException.Failed($"The guest has no room for {pages} huge pages of {pageSize} bytes.");
    }

    internal static (long PageSize, long Pages) Parse(IEnumerable<string> options)
    {
        long pageSize = 0, size = 0;
        foreach (var option in options.SelectMany(o => o.Split(',')))
        {
            if (option.StartsWith("pagesize=", StringComparison.Ordinal))
                pageSize = Number(option["pagesize=".Length..]);
            else if (option.StartsWith("size=", StringComparison.Ordinal))
                size = Number(option["size=".Length..]);
        }

        return pageSize >= 4096 && size >= pageSize
            ? (pageSize, size / pageSize)
            : throw AgentException.Invalid("A huge page volume needs pagesize and size in bytes, and room for at least one page.");
    }

    private static long Count(string file) => Number(File.ReadAllText(file).Trim());

    private static long Number(string text) => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;
}
