using Kata.Linux;
using Kata.Protocols.Agent;
using Microsoft.Win32.SafeHandles;

namespace Kata.Guest.Agent.Files;

/// <summary>Takes files that the host sends piece by piece, where there is no shared file system.</summary>
internal static class FileReceiver
{
    private const uint PermissionBits = 0xFFF;

    /// <summary>
    /// Makes a directory or symbolic link, or writes a piece of a file. A file appears under its name when it is complete; what had that
    /// name is replaced.
    /// </summary>
    /// <exception cref="AgentException">INVALID_ARGUMENT, for a path outside of the shared directory among others.</exception>
    public static void Receive(CopyFileRequest request) => Receive(request, GuestPaths.Shared);

    internal static void Receive(CopyFileRequest request, string root)
    {
        var path = GuestFiles.Check(request.Path, root, "file");
        Directory.CreateDirectory(root);
        var directoryMode = (UnixFileMode)(request.DirMode & PermissionBits);
        using var parent = GuestFiles.OpenDirectory(root, Path.GetDirectoryName(path)!, created => File.SetUnixFileMode(created, directoryMode));
        var name = $"{GuestFiles.PathOf(parent)}/{Path.GetFileName(path)}";
        switch ((FileKind)(request.FileMode & 0xF000))
        {
            case FileKind.Directory:
                MakeDirectory(request, name);
                break;
            case FileKind.SymbolicLink:
                Replace(name);
                File.CreateSymbolicLink(name, request.Data.ToStringUtf8());
                FileOwnership.Change(name, (uint)request.Uid, (uint)request.Gid);
                break;
            case FileKind.Regular:
                WritePiece(request, parent, name);
                break;
            default:
                throw AgentException.Invalid($"The file '{path}' has the mode {request.FileMode:x}, which is no file, directory or symbolic link.");
        }
    }

    private static void MakeDirectory(CopyFileRequest request, string name)
    {
        if (FileDescriptors.Status(name, followLinks: false) is not { Kind: FileKind.Directory })
        {
            Replace(name);
            Directory.CreateDirectory(name);
        }

        File.SetUnixFileMode(name, (UnixFileMode)(request.FileMode & PermissionBits));
        FileOwnership.Change(name, (uint)request.Uid, (uint)request.Gid);
    }

    private static void WritePiece(CopyFileRequest request, SafeFileHandle parent, string name)
    {
        if (request.Offset < 0 || request.FileSize < 0 || request.Offset > request.FileSize - request.Data.Length)
            throw AgentException.Invalid($"The piece of '{request.Path}' lies outside of the file's {request.FileSize} bytes.");

        var unfinished = Path.GetFileName(name) + ".tmp";
        var flags = OpenFlags.WriteOnly | OpenFlags.Create | OpenFlags.NoFollow | (request.Offset == 0 ? OpenFlags.Truncate : 0);
        using (var file = FileDescriptors.OpenBeneath(parent, unfinished, flags, mode: 0x180 /* 0600 */, ResolveFlags.Beneath | ResolveFlags.NoSymlinks))
        {
            RandomAccess.Write(file, request.Data.Span, request.Offset);
            if (RandomAccess.GetLength(file) != request.FileSize)
                return;
            File.SetUnixFileMode(file, (UnixFileMode)(request.FileMode & PermissionBits));
        }

        FileOwnership.Change(name + ".tmp", (uint)request.Uid, (uint)request.Gid);
        // Changing the owner takes the set-id bits away.
        File.SetUnixFileMode(name + ".tmp", (UnixFileMode)(request.FileMode & PermissionBits));
        if (FileDescriptors.Status(name, followLinks: false) is { Kind: FileKind.Directory })
            Replace(name);
        File.Move(name + ".tmp", name, overwrite: true);
    }

    private static void Replace(string name)
    {
        if (FileDescriptors.Status(name, followLinks: false) is not { } existing)
            return;
        if (existing.Kind == FileKind.Directory)
            Directory.Delete(name, recursive: true);
        else
            FileSystem.Unlink(name);
    }
}
