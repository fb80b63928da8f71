using System.Globalization;
using Kata.Linux;
using Kata.Protocols.Agent;

namespace Kata.Guest.Agent.Storages;

/// <summary>The group of Kubernetes' fsGroup: it owns a volume, may write to it, and new files inherit it.</summary>
internal static class FileSystemGroup
{
    private const string Option = "fsgid=";

    private const UnixFileMode GroupAccess =
        UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private const UnixFileMode DirectoryAccess = UnixFileMode.GroupExecute | UnixFileMode.UserExecute | UnixFileMode.SetGroup;

    public static bool IsOption(string option) => option.StartsWith(Option, StringComparison.Ordinal);

    /// <summary>The group of an <c>fsgid=N</c>; null for another option.</summary>
    public static uint? IdOf(string option)
    {
        if (!IsOption(option))
            return null;
        return uint.TryParse(option.AsSpan(Option.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var id)
            ? id
            : throw AgentException.Invalid($"'{option}' is no group id.");
    }

    /// <summary>Gives a mounted storage to the group it asks for, if any.</summary>
    public static void Apply(string mountPoint, Storage storage)
    {
        if (storage.FsGroup is { } group)
        {
            if (group.GroupChangePolicy == FSGroupChangePolicy.Always || !Matches(mountPoint, group.GroupId))
                ApplyAll(mountPoint, group.GroupId);
        }
        else if (storage.Driver == "ephemeral" && storage.Options.Select(IdOf).FirstOrDefault(id => id is not null) is { } id)
        {
            ApplyOne(mountPoint, id, isDirectory: true);
        }
    }

    private static bool Matches(string path, uint group)
    {
        var wanted = GroupAccess | DirectoryAccess;
        return FileDescriptors.Status(path, followLinks: false) is { } status
            && status.Gid == group && ((UnixFileMode)(status.Mode & 0xFFF) & wanted) == wanted;
    }

    private static void ApplyAll(string directory, uint group)
    {
        ApplyOne(directory, group, isDirectory: true);
        // Does not enter symbolic links to directories.
        var all = new EnumerationOptions
        {
            RecurseSubdirectories = true,
            AttributesToSkip = FileAttributes.None,
            IgnoreInaccessible = false,
            ReturnSpecialDirectories = false,
        };
        foreach (var entry in new DirectoryInfo(directory).EnumerateFileSystemInfos("*", all))
        {
            if (entry.LinkTarget is null)
                ApplyOne(entry.FullName, group, entry is DirectoryInfo);
            else
                FileOwnership.Change(entry.FullName, FileOwnership.Unchanged, group);
        }
    }

    private static void ApplyOne(string path, uint group, bool isDirectory)
    {
        FileOwnership.Change(path, FileOwnership.Unchanged, group);
        File.SetUnixFileMode(path, File.GetUnixFileMode(path) | GroupAccess | (isDirectory ? DirectoryAccess : 0));
    }
}
