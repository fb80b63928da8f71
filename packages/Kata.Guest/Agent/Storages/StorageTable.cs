namespace Kata.Guest.Agent.Storages;

/// <summary>
/// Who uses which mount point. The first user makes it, the last one removes it; in between it is only counted.
/// </summary>
internal sealed class StorageTable
{
    private readonly Dictionary<string, int> _users = new(StringComparer.Ordinal);

    /// <summary>Whether the caller is the first user and has to make the mount.</summary>
    public bool Acquire(string mountPoint)
    {
        var users = _users.GetValueOrDefault(mountPoint);
        _users[mountPoint] = users + 1;
        return users == 0;
    }

    /// <summary>Whether the caller was the last user and has to remove the mount.</summary>
    public bool Release(string mountPoint)
    {
        if (!_users.TryGetValue(mountPoint, out var users))
            return false;
        if (users > 1)
        {
            _users[mountPoint] = users - 1;
            return false;
        }

        _users.Remove(mountPoint);
        return true;
    }
}
