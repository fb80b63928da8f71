using System.Runtime.InteropServices;
using Kata.Linux;

namespace Kata.Virtio.Fuse;

internal sealed unsafe partial class FuseServer
{
    private const uint OwnerBits = 0x1c0;

    private int GetAttributes(ReadOnlySpan<byte> arguments, Span<byte> reply)
    {
        const uint HandleGiven = 1;
        if (!TryTake<GetAttributesRequest>(ref arguments, out var request))
            return -(int)Errno.EINVAL;
        SafeHandle? file = (request.Flags & HandleGiven) != 0 ? _handles.FindFile(request.Handle) : null;
        return ReplyAttributes(file ?? _nodes.Find(_header.Node), reply);
    }

    private int ReplyAttributes(SafeHandle? file, Span<byte> reply)
    {
        if (file is null)
            return -(int)Errno.ESTALE;
        var error = DirectoryOperations.Status(file, Itself, out var status);
        return error == Errno.None
            ? Write(reply, new AttributesReply { AttributeSeconds = _timeout, Attributes = FuseAttributes.From(status) })
            : -(int)error;
    }

    private int SetAttributes(ReadOnlySpan<byte> arguments, Span<byte> reply)
    {
        if (!TryTake<SetAttributesRequest>(ref arguments, out var request))
            return -(int)Errno.EINVAL;
        if (_nodes.Find(_header.Node, out var kind) is not { } node)
            return -(int)Errno.ESTALE;
        SafeHandle? handle = (request.Valid & SetAttributeFlags.Handle) != 0 ? _handles.FindFile(request.Handle) : null;
        var error = ChangeOwner(node, request);
        if (error == Errno.None && (request.Valid & SetAttributeFlags.Mode) != 0)
            error = ChangeMode(node, handle, kind, request.Mode & 0xfff);
        if (error == Errno.None && (request.Valid & SetAttributeFlags.Size) != 0)
            error = Truncate(handle, request.Size, (request.Valid & SetAttributeFlags.KillSetId) != 0);
        if (error == Errno.None)
            error = ChangeTimes(node, request);
        return error == Errno.None ? ReplyAttributes(node, reply) : -(int)error;
    }

    private static Errno ChangeOwner(SafeHandle node, in SetAttributesRequest request)
    {
        if ((request.Valid & (SetAttributeFlags.Uid | SetAttributeFlags.Gid)) == 0)
            return Errno.None;
        return FileOperations.ChangeOwner(
            node,
            (request.Valid & SetAttributeFlags.Uid) != 0 ? request.Uid : FileOwnership.Unchanged,
            (request.Valid & SetAttributeFlags.Gid) != 0 ? request.Gid : FileOwnership.Unchanged);
    }

    private Errno ChangeMode(SafeHandle node, SafeHandle? handle, FileKind kind, uint mode)
    {
        if (handle is not null)
            return FileOperations.ChangeMode(handle, mode);
        return kind == FileKind.SymbolicLink
            ? Errno.EOPNOTSUPP
            : DirectoryOperations.ChangeModeFollowing(_selfDescriptors, MagicName(node), mode);
    }

    private Errno Truncate(SafeHandle? handle, ulong size, bool killSetId)
    {
        if (size > long.MaxValue)
            return Errno.EINVAL;
        var error = Errno.None;
        using var opened = handle is null ? Reopen(_header.Node, OpenFlags.WriteOnly, out error) : null;
        if ((handle ?? opened) is not { } file)
            return error;
        if (killSetId)
            _identity?.SuspendSetIdCapability();
        error = FileOperations.Truncate(file, (long)size);
        if (killSetId)
            _identity?.ResumeSetIdCapability();
        return error;
    }

    private static Errno ChangeTimes(SafeHandle node, in SetAttributesRequest request)
    {
        const SetAttributeFlags Times = SetAttributeFlags.Accessed | SetAttributeFlags.AccessedNow
            | SetAttributeFlags.Modified | SetAttributeFlags.ModifiedNow;
        if ((request.Valid & Times) == 0)
            return Errno.None;
        var accessed = (request.Valid & SetAttributeFlags.AccessedNow) != 0 ? FileTime.Now
            : (request.Valid & SetAttributeFlags.Accessed) != 0 ? new FileTime((long)request.Accessed, request.AccessedNanoseconds)
            : FileTime.Unchanged;
        var modified = (request.Valid & SetAttributeFlags.ModifiedNow) != 0 ? FileTime.Now
            : (request.Valid & SetAttributeFlags.Modified) != 0 ? new FileTime((long)request.Modified, request.ModifiedNanoseconds)
            : FileTime.Unchanged;
        return FileOperations.ChangeTimes(node, accessed, modified);
    }

    private int Statx(ReadOnlySpan<byte> arguments, Span<byte> reply)
    {
        // STATX_BASIC_STATS and STATX_BTIME: the mount and what else there is are the host's.
        const uint Shown = 0xfff;
        if (!TryTake<StatxRequest>(ref arguments, out _))
            return -(int)Errno.EINVAL;
        if (_nodes.Find(_header.Node) is not { } file)
            return -(int)Errno.ESTALE;
        var error = DirectoryOperations.Status(file, Itself, out var status);
        if (error != Errno.None)
            return -(int)error;
        status.Mask &= Shown;
        var length = Write(reply, new StatxReply { AttributeSeconds = _timeout, Status = status });
        // From stx_mnt_id on.
        reply[(length - 112)..length].Clear();
        return length;
    }

    private int FileSystemStatus(Span<byte> reply)
    {
        if (_nodes.Find(_header.Node) is not { } file)
            return -(int)Errno.ESTALE;
        var error = FileOperations.FileSystemStatus(file, out var status);
        if (error != Errno.None)
            return -(int)error;
        return Write(reply, new FileSystemStatusReply
        {
            Blocks = status.Blocks,
            BlocksFree = status.BlocksFree,
            BlocksAvailable = status.BlocksAvailable,
            Files = status.Files,
            FilesFree = status.FilesFree,
            BlockSize = (uint)status.BlockSize,
            NameLength = (uint)status.NameLength,
            FragmentSize = (uint)status.FragmentSize,
        });
    }

    /// <summary>access(2) by the mode bits, for clients that leave the check to the server.</summary>
    private int Access(ReadOnlySpan<byte> arguments)
    {
        const uint Execute = 1, Write = 2;
        if (!TryTake<AccessRequest>(ref arguments, out var request))
            return -(int)Errno.EINVAL;
        if (_nodes.Find(_header.Node) is not { } file)
            return -(int)Errno.ESTALE;
        var error = DirectoryOperations.Status(file, Itself, out var status);
        if (error != Errno.None)
            return -(int)error;
        var wanted = request.Mask & 7;
        if (_readOnly && (wanted & Write) != 0 && status.Kind is FileKind.Regular or FileKind.Directory or FileKind.SymbolicLink)
            return -(int)Errno.EROFS;
        if (_header.Uid == 0)
        {
            const uint AnyExecute = 0x49;
            return (wanted & Execute) == 0 || status.Kind == FileKind.Directory || (status.Mode & AnyExecute) != 0 ? 0 : -(int)Errno.EACCES;
        }

        var granted = _header.Uid == status.Uid ? (status.Mode & OwnerBits) >> 6
            : _header.Gid == status.Gid ? status.Mode >> 3
            : status.Mode;
        return (wanted & ~granted) == 0 ? 0 : -(int)Errno.EACCES;
    }

    private int ReadLink(Span<byte> reply)
    {
        const int PathMax = 4096;
        if (_nodes.Find(_header.Node, out var kind) is not { } link)
            return -(int)Errno.ESTALE;
        return kind == FileKind.SymbolicLink ? DirectoryOperations.ReadLink(link, reply[..PathMax]) : -(int)Errno.EINVAL;
    }
}
