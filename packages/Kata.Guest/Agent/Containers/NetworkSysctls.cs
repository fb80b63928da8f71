namespace Kata.Guest.Agent.Containers;

/// <summary>Sets sysctls of the guest's network.</summary>
internal static class NetworkSysctls
{
    private const string Root = "/proc/sys";

    public static void Apply(IEnumerable<KeyValuePair<string, string>> settings)
    {
        foreach (var (key, value) in settings)
        {
            try
            {
                File.WriteAllText(PathOf(key), value);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw AgentException.Failed($"The sysctl {key} cannot be set to '{value}': {e.Message}", e);
            }
        }
    }

    /// <summary>In a key with slashes, dots are part of the names; otherwise they separate them (sysctl.d(5)).</summary>
    internal static string PathOf(string key)
    {
        var slash = key.IndexOf('/', StringComparison.Ordinal);
        var dot = key.IndexOf('.', StringComparison.Ordinal);
        var path = $"{Root}/{(slash < 0 || (dot >= 0 && dot < slash) ? key.Replace('/', '\0').Replace('.', '/').Replace('\0', '.') : key)}";
        return GuestFiles.IsBelow(path, Root + "/net") ? path : throw AgentException.Invalid($"'{key}' is no network sysctl.");
    }
}
