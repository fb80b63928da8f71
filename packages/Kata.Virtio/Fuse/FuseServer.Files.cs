using System.Runtime.InteropServices;
using Kata.Linux;
using Kata.Virtio.Memory;
using Kata.Virtio.Queues;
using Microsoft.Win32.SafeHandles;

namespace Kata.Virtio.Fuse;

internal sealed unsafe partial class FuseServer
{
    /// <summary>The most that one COPY_FILE_RANGE copies: others wait meanwhile. The client asks for the rest.</summary>
    private const ulong MaxCopyBytes = 16 << 20;

    private OpenReplyFlags FileFlags => _cache switch
    {
        FileSystemCache.Never => OpenReplyFlags.DirectIO | OpenReplyFlags.ParallelDirectWrites,
        FileSystemCache.Auto => OpenReplyFlags.None,
        _ => OpenReplyFlags.KeepCache,
    };

    private int Open(ReadOnlySpan<byte> arguments, Span<byte> reply)
    {
        if (!TryTake<OpenRequest>(ref arguments, out var request) || !TryGetOpenFlags(request.Flags, out var flags))
            return -(int)Errno.EINVAL;
        if (_readOnly && (flags & (OpenFlags.WriteOnly | OpenFlags.ReadWrite | OpenFlags.Truncate)) != 0)
            return -(int)Errno.EROFS;
        if (OpenNode(_header.Node, flags, request.OpenFlags, out var error) is not { } file)
            return -(int)error;
        var reopened = _cache == FileSystemCache.Auto && IsUnchanged(file) ? OpenReplyFlags.KeepCache : OpenReplyFlags.None;
        return Write(reply, new OpenReply { Handle = _handles.Add(file, isDirectory: false), Flags = FileFlags | reopened });
    }

    /// <summary>
    /// True when the client may keep what it has cached since it opened the file last: without that, each program that starts would fetch
    /// its libraries anew.
    /// </summary>
    private bool IsUnchanged(SafeFileHandle file) =>
        DirectoryOperations.Status(file, Itself, out var status) == Errno.None
        && _nodes.IsUnchanged(_header.Node, FileStamp.Of(status, DateTimeOffset.UtcNow.ToUnixTimeSeconds()));

    /// <summary>
    /// What is opened on the host of what the client opens: access, truncation and synchronous writes. O_APPEND comes with each write, for
    /// those of the page cache go to their place. O_DIRECT ends at the client's cache, whose buffers are not aligned as the host's disk
    /// wants.
    /// </summary>
    private static bool TryGetOpenFlags(uint requested, out OpenFlags flags)
    {
        const OpenFlags Access = OpenFlags.WriteOnly | OpenFlags.ReadWrite;
        const OpenFlags Synchronous = (OpenFlags)0x101000;
        flags = (OpenFlags)requested & (Access | OpenFlags.Truncate | Synchronous);
        return (flags & Access) != Access;
    }

    private SafeFileHandle? OpenNode(ulong node, OpenFlags flags, uint openFlags, out Errno error)
    {
        const uint KillSetId = 1;
        if (IsFull())
        {
            error = Errno.ENFILE;
            return null;
        }

        if ((openFlags & KillSetId) == 0)
            return Reopen(node, flags, out error);
        _identity?.SuspendSetIdCapability();
        var file = Reopen(node, flags, out error);
        _identity?.ResumeSetIdCapability();
        return file;
    }

    /// <summary>
    /// Opens a node's regular file for access. Nothing else is ever opened: a FIFO would block, a device would do something. The type of a
    /// file does not change, and the magic link leads to the very file.
    /// </summary>
    private SafeFileHandle? Reopen(ulong node, OpenFlags flags, out Errno error)
    {
        error = _nodes.Find(node, out var kind) switch
        {
            null => Errno.ESTALE,
            _ when kind == FileKind.Regular => Errno.None,
            _ when kind == FileKind.Directory => Errno.EISDIR,
            _ when kind == FileKind.SymbolicLink => Errno.ELOOP,
            _ => Errno.ENXIO,
        };
        return error == Errno.None ? DirectoryOperations.Open(_selfDescriptors, MagicName(_nodes.Find(node)!), flags, 0, out error) : null;
    }

    private int Release(ReadOnlySpan<byte> arguments, bool isDirectory)
    {
        if (!TryTake<ReleaseRequest>(ref arguments, out var request))
            return -(int)Errno.EINVAL;
        return _handles.Remove(request.Handle, isDirectory) ? 0 : -(int)Errno.EBADF;
    }

    private int Read(ReadOnlySpan<byte> arguments, BufferList buffers, in DescriptorChain chain)
    {
        if (!_isInitialized)
            return -(int)Errno.ENOTCONN;
        if (!TryTake<TransferRequest>(ref arguments, out var request))
            return -(int)Errno.EINVAL;
        if (_handles.FindFile(request.Handle) is not { } file)
            return -(int)Errno.EBADF;
        var length = Math.Min(Math.Min(request.Length, MaxTransferBytes), chain.WritableBytes - FuseReplyHeader.Size);
        _payload.Truncate(0);
        if (length > 0)
            _payload.AppendPart(buffers, chain.WritableStart, chain.WritableCount, FuseReplyHeader.Size, length);
        return (int)FileOperations.Read(file, _payload.Slice(0, _payload.Count), (long)request.Offset);
    }

    private int Write(ReadOnlySpan<byte> arguments, BufferList buffers, in DescriptorChain chain)
    {
        const uint Append = (uint)OpenFlags.Append;
        if (!_isInitialized)
            return -(int)Errno.ENOTCONN;
        if (_readOnly)
            return -(int)Errno.EROFS;
        if (!TryTake<TransferRequest>(ref arguments, out var request)
            || request.Length > MaxTransferBytes || request.Length > _header.Length - FirstBytes)
            return -(int)Errno.EINVAL;
        if (_handles.FindFile(request.Handle) is not { } file)
            return -(int)Errno.EBADF;
        _payload.Truncate(0);
        if (request.Length > 0)
            _payload.AppendPart(buffers, chain.ReadableStart, chain.ReadableCount, FirstBytes, request.Length);
        var killSetId = (request.TransferFlags & WriteFlags.KillSetId) != 0;
        var append = (request.Flags & Append) != 0 && (request.TransferFlags & WriteFlags.FromCache) == 0;
        if (killSetId)
            _identity?.SuspendSetIdCapability();
        var written = FileOperations.Write(file, _payload.Slice(0, _payload.Count), (long)request.Offset, append);
        if (killSetId)
            _identity?.ResumeSetIdCapability();
        return written < 0 ? (int)written : Write(_reply.AsSpan(FuseReplyHeader.Size), new SizeReply { Length = (uint)written });
    }

    private int Flush(ReadOnlySpan<byte> arguments)
    {
        if (!TryTake<FlushRequest>(ref arguments, out var request))
            return -(int)Errno.EINVAL;
        // Its one use is to release locks: the host's file is closed at RELEASE. The client's kernel remembers ENOSYS and asks no more.
        if (!_hostLocks)
            return -(int)Errno.ENOSYS;
        _locks.Remove(_header.Node, request.LockOwner);
        return 0;
    }

    private int Synchronize(ReadOnlySpan<byte> arguments, bool isDirectory)
    {
        const uint DataOnly = 1;
        if (!TryTake<SynchronizeRequest>(ref arguments, out var request))
            return -(int)Errno.EINVAL;
        ref var open = ref _handles.Find(request.Handle, isDirectory);
        return System.Runtime.CompilerServices.Unsafe.IsNullRef(ref open)
            ? -(int)Errno.EBADF
            : Result(FileOperations.Synchronize(open.File!, (request.Flags & DataOnly) != 0));
    }

    private int SynchronizeFileSystem()
    {
        var file = _nodes.Find(_header.Node, out var kind);
        if (file is null)
            return -(int)Errno.ESTALE;
        using var opened = kind == FileKind.Directory
            ? OpenDirectory(file, out var error)
            : Reopen(_header.Node, OpenFlags.ReadOnly, out error);
        return opened is null ? -(int)error : Result(FileOperations.SynchronizeFileSystem(opened));
    }

    private int Allocate(ReadOnlySpan<byte> arguments)
    {
        if (!TryTake<AllocateRequest>(ref arguments, out var request))
            return -(int)Errno.EINVAL;
        return _handles.FindFile(request.Handle) is { } file
            ? Result(FileOperations.Allocate(file, (int)request.Mode, (long)request.Offset, (long)request.Length))
            : -(int)Errno.EBADF;
    }

    private int Seek(ReadOnlySpan<byte> arguments, Span<byte> reply)
    {
        if (!TryTake<SeekRequest>(ref arguments, out var request))
            return -(int)Errno.EINVAL;
        if (_handles.FindFile(request.Handle) is not { } file)
            return -(int)Errno.EBADF;
        var position = FileOperations.Seek(file, (long)request.Offset, (int)request.Origin);
        return position < 0 ? (int)position : Write(reply, new SeekReply { Offset = (ulong)position });
    }

    private int CopyFileRange(ReadOnlySpan<byte> arguments, Span<byte> reply)
    {
        if (!TryTake<CopyFileRangeRequest>(ref arguments, out var request) || request.Flags != 0)
            return -(int)Errno.EINVAL;
        if (_handles.FindFile(request.Source) is not { } source || _handles.FindFile(request.Target) is not { } target)
            return -(int)Errno.EBADF;
        var copied = FileOperations.Copy(
            source, (long)request.SourceOffset, target, (long)request.TargetOffset, (long)Math.Min(request.Length, MaxCopyBytes));
        return copied < 0 ? (int)copied : Write(reply, new SizeReply { Length = (uint)copied });
    }
}
