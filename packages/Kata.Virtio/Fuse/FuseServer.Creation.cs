using System.Runtime.InteropServices;
using Kata.Linux;
using Microsoft.Win32.SafeHandles;

namespace Kata.Virtio.Fuse;

internal sealed unsafe partial class FuseServer
{
    private int MakeNode(ReadOnlySpan<byte> arguments, Span<byte> reply)
    {
        if (!TryTake<MakeNodeRequest>(ref arguments, out var request) || !TryTakeName(ref arguments, out var name))
            return -(int)Errno.EINVAL;
        var error = BeginCreation(request.CreationMask, out var directory);
        if (error != Errno.None)
            return -(int)error;
        // The kernel's encoding in 32 bits is that of makedev(3) as far as it goes.
        error = DirectoryOperations.MakeNode(directory, name, request.Mode, request.Device);
        return EndCreation(error, name, reply);
    }

    private int MakeDirectory(ReadOnlySpan<byte> arguments, Span<byte> reply)
    {
        if (!TryTake<MakeDirectoryRequest>(ref arguments, out var request) || !TryTakeName(ref arguments, out var name))
            return -(int)Errno.EINVAL;
        var error = BeginCreation(request.CreationMask, out var directory);
        if (error != Errno.None)
            return -(int)error;
        error = DirectoryOperations.MakeDirectory(directory, name, request.Mode & 0xfff);
        return EndCreation(error, name, reply);
    }

    private int MakeSymbolicLink(ReadOnlySpan<byte> arguments, Span<byte> reply)
    {
        if (!TryTakeName(ref arguments, out var name) || !TryTakeText(ref arguments, out var target))
            return -(int)Errno.EINVAL;
        var error = BeginCreation(0, out var directory);
        if (error != Errno.None)
            return -(int)error;
        error = DirectoryOperations.MakeSymbolicLink(target, directory, name);
        return EndCreation(error, name, reply);
    }

    private int Link(ReadOnlySpan<byte> arguments, Span<byte> reply)
    {
        if (!TryTake<ulong>(ref arguments, out var node) || !TryTakeName(ref arguments, out var name))
            return -(int)Errno.EINVAL;
        if (_nodes.Find(node) is not { } file || _nodes.Find(_header.Node) is not { } directory)
            return -(int)Errno.ESTALE;
        var error = DirectoryOperations.Link(file, directory, name);
        // Without CAP_DAC_READ_SEARCH.
        if (error == Errno.ENOENT)
            error = DirectoryOperations.LinkFollowing(_selfDescriptors, MagicName(file), directory, name);
        return error == Errno.None ? Enter(name, reply) : -(int)error;
    }

    private int Create(ReadOnlySpan<byte> arguments, Span<byte> reply)
    {
        if (!TryTake<CreateRequest>(ref arguments, out var request) || !TryTakeName(ref arguments, out var name))
            return -(int)Errno.EINVAL;
        if (!TryGetOpenFlags(request.Flags, out var flags))
            return -(int)Errno.EINVAL;
        // Always exclusively: what exists already may be no regular file, which must not be opened unseen.
        var error = MakeFile(name, flags | OpenFlags.Create | OpenFlags.Exclusive, request, out var file);
        if (error == Errno.EEXIST && (request.Flags & (uint)OpenFlags.Exclusive) == 0)
            return OpenExisting(name, flags, request.OpenFlags, reply);
        return file is null ? -(int)error : ReplyCreated(file, reply);
    }

    private int CreateTemporary(ReadOnlySpan<byte> arguments, Span<byte> reply)
    {
        const OpenFlags Temporary = (OpenFlags)0x400000 | OpenFlags.Directory;
        if (!TryTake<CreateRequest>(ref arguments, out var request))
            return -(int)Errno.EINVAL;
        if (!TryGetOpenFlags(request.Flags, out var flags))
            return -(int)Errno.EINVAL;
        // O_EXCL means here that the file never gets a name.
        flags |= (OpenFlags)request.Flags & OpenFlags.Exclusive;
        var error = MakeFile(".\0"u8, flags | Temporary, request, out var file);
        return file is null ? -(int)error : ReplyCreated(file, reply);
    }

    private Errno MakeFile(ReadOnlySpan<byte> name, OpenFlags flags, in CreateRequest request, out SafeFileHandle? file)
    {
        file = null;
        var error = BeginCreation(request.CreationMask, out var directory);
        if (error != Errno.None)
            return error;
        file = DirectoryOperations.Open(directory, name, flags | OpenFlags.NoFollow, request.Mode & 0xfff, out error);
        _identity?.Resume(_header.Uid, _header.Gid);
        return error;
    }

    private int OpenExisting(ReadOnlySpan<byte> name, OpenFlags flags, uint openFlags, Span<byte> reply)
    {
        var error = TryEnter(_header.Node, name, out var entry);
        if (error != Errno.None)
            return -(int)error;
        var file = OpenNode(entry.Node, flags, openFlags, out error);
        if (file is null)
        {
            _nodes.Forget(entry.Node, 1);
            return -(int)error;
        }

        return ReplyOpen(entry, file, reply);
    }

    /// <summary>Replies with a new file, found by its descriptor: its name may stand for another one by now.</summary>
    private int ReplyCreated(SafeFileHandle file, Span<byte> reply)
    {
        var error = DirectoryOperations.Status(file, Itself, out var status);
        if (error == Errno.None)
        {
            var key = NodeKey.Of(status);
            var node = _nodes.AddLookup(key);
            if (node == 0 && DirectoryOperations.Open(_selfDescriptors, MagicName(file), OpenFlags.Path, 0, out error) is { } path)
                node = _nodes.Add(key, status.Kind, path);
            if (node != 0)
                return ReplyOpen(MakeEntry(node, status, _header.Node), file, reply);
        }

        file.Dispose();
        return -(int)error;
    }

    private int ReplyOpen(in EntryReply entry, SafeFileHandle file, Span<byte> reply)
    {
        var open = new OpenReply { Handle = _handles.Add(file, isDirectory: false), Flags = FileFlags };
        return Write(reply, new CreateReply { Entry = entry, Open = open });
    }

    /// <summary>Acts for the client's user from here to <see cref="EndCreation"/>, unless there is an error.</summary>
    private Errno BeginCreation(uint creationMask, out SafeHandle directory)
    {
        directory = null!;
        if (IsFull())
            return Errno.ENFILE;
        if (_nodes.Find(_header.Node) is not { } parent)
            return Errno.ESTALE;
        directory = parent;
        _identity?.SetCreationMask(creationMask & 0x1ff);
        _identity?.Impersonate(_header.Uid, _header.Gid);
        return Errno.None;
    }

    private int EndCreation(Errno error, ReadOnlySpan<byte> name, Span<byte> reply)
    {
        _identity?.Resume(_header.Uid, _header.Gid);
        return error == Errno.None ? Enter(name, reply) : -(int)error;
    }
}
