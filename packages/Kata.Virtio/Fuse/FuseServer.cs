using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Kata.Linux;
using Kata.Virtio.Events;
using Kata.Virtio.Memory;
using Kata.Virtio.Queues;
using Microsoft.Extensions.Logging;
using Microsoft.Win32.SafeHandles;

namespace Kata.Virtio.Fuse;

/// <summary>
/// Answers FUSE requests (protocol 7.27 to 7.38) with the files of one directory of the host. Belongs to one thread, and waits for the disk
/// on it, but never for another client. The client is hostile: what it sends is copied, bounded and checked before use, and it can hold no
/// more than <see cref="_descriptorLimit"/> descriptors.
/// </summary>
internal sealed unsafe partial class FuseServer : IDisposable
{
    /// <summary>Largest payload of READ and WRITE.</summary>
    public const int MaxTransferBytes = 1 << 20;

    /// <summary>Largest value of an extended attribute (XATTR_SIZE_MAX), and the largest reply but that to READ.</summary>
    private const int MaxReplyBytes = 64 * 1024;

    /// <summary>All but the payload of WRITE: a header, a structure, and a name with a value or a path.</summary>
    private const int MaxRequestBytes = MaxReplyBytes + 1024;

    /// <summary>Enough of a request to know its size: a header and the structure of a WRITE.</summary>
    private const int FirstBytes = FuseRequestHeader.Size + TransferRequest.StructureSize;

    private const long ProcMagic = 0x9fa0;

    private readonly ILogger _logger;
    private readonly string _tag;
    private readonly FileSystemCache _cache;
    private readonly bool _extendedAttributes;
    private readonly bool _hostLocks;
    private readonly bool _readOnly;
    private readonly ulong _timeout;
    private readonly int _descriptorLimit;
    private readonly NodeTable _nodes;
    private readonly HandleTable _handles = new();
    private readonly RecordLockTable _locks = new();
    private readonly SafeFileHandle _selfDescriptors;
    private readonly BufferList _payload = new();
    private readonly byte[] _request = new byte[MaxRequestBytes];
    private readonly byte[] _reply = new byte[FuseReplyHeader.Size + MaxReplyBytes];
    private readonly byte[] _entries = new byte[32 * 1024];
    private readonly byte[] _magicLink = new byte[32];
    private ThreadIdentity? _identity;
    private FuseRequestHeader _header;
    private bool _isInitialized;
    private FuseFeatures _features;
    private LogGate _mountedGate;
    private LogGate _unmountedGate;
    private LogGate _malformedGate;
    private LogGate _limitGate;

    /// <param name="root">The directory to share; owned by the server.</param>
    /// <exception cref="LinuxException"><paramref name="root"/> is no directory, or <c>/proc</c> is not there.</exception>
    public FuseServer(SafeFileHandle root, VirtioFileSystemOptions options)
    {
        _logger = options.Logger;
        _tag = options.Tag;
        _cache = options.Cache;
        _extendedAttributes = options.ExtendedAttributes;
        _hostLocks = options.HostLocks;
        _readOnly = options.ReadOnly;
        _timeout = options.Cache switch { FileSystemCache.Never => 0, FileSystemCache.Auto => 1, _ => 86400 };
        _descriptorLimit = options.DescriptorLimit ?? (int)Math.Min(CurrentProcess.DescriptorLimit / 4 * 3, int.MaxValue);
        var error = DirectoryOperations.Status(root, [0], out var status);
        if (error == Errno.None && status.Kind != FileKind.Directory)
            error = Errno.ENOTDIR;
        if (error != Errno.None)
            throw new LinuxException("statx", options.Path ?? options.Tag, error);
        _selfDescriptors = FileDescriptors.Open("/proc/self/fd", OpenFlags.Path | OpenFlags.Directory);
        error = FileOperations.FileSystemStatus(_selfDescriptors, out var fileSystem);
        if (error != Errno.None || fileSystem.Type != ProcMagic)
        {
            _selfDescriptors.Dispose();
            throw new LinuxException("statfs", "/proc", error == Errno.None ? Errno.ENODEV : error);
        }

        _nodes = new NodeTable(root, status);
    }

    /// <summary>Descriptors held for the guest.</summary>
    public int DescriptorCount => _nodes.Count + _handles.Count + _locks.Count;

    /// <summary>Separates the calling thread's identity: from here on all requests come on it.</summary>
    public void EnterThread() => _identity ??= ThreadIdentity.Separate();

    /// <summary>Forgets the client: closes all that it had.</summary>
    public void Reset()
    {
        _isInitialized = false;
        _features = 0;
        _handles.Clear();
        _locks.Clear();
        _nodes.Clear();
    }

    /// <summary>Answers one request. Returns the bytes written into the chain's writable part, 0 when there is no reply.</summary>
    public uint Handle(BufferList buffers, in DescriptorChain chain)
    {
        var copied = buffers.CopyTo(chain.ReadableStart, chain.ReadableCount, 0, _request.AsSpan(0, FirstBytes));
        if (copied < FuseRequestHeader.Size)
        {
            LogMalformed(0, 0);
            return 0;
        }

        _header = MemoryMarshal.Read<FuseRequestHeader>(_request);
        if (_header.Length < FuseRequestHeader.Size || _header.Length > chain.ReadableBytes)
        {
            LogMalformed(_header.Opcode, _header.Length);
            return Reply(buffers, chain, -(int)Errno.EINVAL);
        }

        copied = (int)Math.Min(copied, _header.Length);
        switch (_header.Opcode)
        {
            case FuseOpcode.Read:
                return ReplyLength(buffers, chain, Read(Arguments(copied), buffers, chain));
            case FuseOpcode.Write:
                return Reply(buffers, chain, Write(Arguments(copied), buffers, chain));
            case FuseOpcode.BatchForget:
                BatchForget(Arguments(copied), buffers, chain);
                return 0;
            case FuseOpcode.Interrupt:
                return 0;
        }

        if (_header.Length > MaxRequestBytes)
        {
            LogMalformed(_header.Opcode, _header.Length);
            return Reply(buffers, chain, -(int)Errno.E2BIG);
        }

        // The rest only: what was judged is not read again.
        copied += buffers.CopyTo(chain.ReadableStart, chain.ReadableCount, copied, _request.AsSpan(copied, (int)_header.Length - copied));
        if (_header.Opcode == FuseOpcode.Forget)
        {
            Forget(Arguments(copied));
            return 0;
        }

        return Reply(buffers, chain, Answer(Arguments(copied), _reply.AsSpan(FuseReplyHeader.Size)));
    }

    public void Dispose()
    {
        _handles.Dispose();
        _locks.Dispose();
        _nodes.Dispose();
        _selfDescriptors.Dispose();
    }

    /// <summary>Does what is asked for. Returns the bytes of the reply, or minus an errno.</summary>
    private int Answer(ReadOnlySpan<byte> arguments, Span<byte> reply)
    {
        if (_header.Opcode == FuseOpcode.Initialize)
            return Initialize(arguments, reply);
        if (!_isInitialized)
            return -(int)Errno.ENOTCONN;
        if (_readOnly && Changes(_header.Opcode))
            return -(int)Errno.EROFS;
        return _header.Opcode switch
        {
            FuseOpcode.Lookup => Lookup(arguments, reply),
            FuseOpcode.GetAttributes => GetAttributes(arguments, reply),
            FuseOpcode.SetAttributes => SetAttributes(arguments, reply),
            FuseOpcode.ReadLink => ReadLink(reply),
            FuseOpcode.SymbolicLink => MakeSymbolicLink(arguments, reply),
            FuseOpcode.MakeNode => MakeNode(arguments, reply),
            FuseOpcode.MakeDirectory => MakeDirectory(arguments, reply),
            FuseOpcode.Unlink => Remove(arguments, isDirectory: false),
            FuseOpcode.RemoveDirectory => Remove(arguments, isDirectory: true),
            FuseOpcode.Rename => Rename(arguments, hasFlags: false),
            FuseOpcode.Rename2 => Rename(arguments, hasFlags: true),
            FuseOpcode.Link => Link(arguments, reply),
            FuseOpcode.Open => Open(arguments, reply),
            FuseOpcode.Create => Create(arguments, reply),
            FuseOpcode.TemporaryFile => CreateTemporary(arguments, reply),
            FuseOpcode.Release => Release(arguments, isDirectory: false),
            FuseOpcode.Flush => Flush(arguments),
            FuseOpcode.Synchronize => Synchronize(arguments, isDirectory: false),
            FuseOpcode.Allocate => Allocate(arguments),
            FuseOpcode.Seek => Seek(arguments, reply),
            FuseOpcode.CopyFileRange => CopyFileRange(arguments, reply),
            FuseOpcode.OpenDirectory => OpenDirectory(reply),
            FuseOpcode.ReadDirectory => ReadDirectory(arguments, reply, plus: false),
            FuseOpcode.ReadDirectoryPlus => ReadDirectory(arguments, reply, plus: true),
            FuseOpcode.ReleaseDirectory => Release(arguments, isDirectory: true),
            FuseOpcode.SynchronizeDirectory => Synchronize(arguments, isDirectory: true),
            FuseOpcode.SynchronizeFileSystem => SynchronizeFileSystem(),
            FuseOpcode.FileSystemStatus => FileSystemStatus(reply),
            FuseOpcode.Statx => Statx(arguments, reply),
            FuseOpcode.Access => Access(arguments),
            FuseOpcode.GetXattr or FuseOpcode.SetXattr or FuseOpcode.ListXattr or FuseOpcode.RemoveXattr when !_extendedAttributes =>
                -(int)Errno.ENOSYS,
            FuseOpcode.GetXattr => GetXattr(arguments, reply),
            FuseOpcode.SetXattr => SetXattr(arguments),
            FuseOpcode.ListXattr => ListXattr(arguments, reply),
            FuseOpcode.RemoveXattr => RemoveXattr(arguments),
            FuseOpcode.GetLock => GetLock(arguments, reply),
            FuseOpcode.SetLock => SetLock(arguments, wait: false),
            FuseOpcode.SetLockWait => SetLock(arguments, wait: true),
            FuseOpcode.Destroy => Destroy(),
            _ => -(int)Errno.ENOSYS,
        };
    }

    private static bool Changes(FuseOpcode opcode) => opcode is FuseOpcode.SetAttributes or FuseOpcode.SymbolicLink or FuseOpcode.MakeNode
        or FuseOpcode.MakeDirectory or FuseOpcode.Unlink or FuseOpcode.RemoveDirectory or FuseOpcode.Rename or FuseOpcode.Rename2
        or FuseOpcode.Link or FuseOpcode.Create or FuseOpcode.TemporaryFile or FuseOpcode.SetXattr or FuseOpcode.RemoveXattr
        or FuseOpcode.Allocate or FuseOpcode.CopyFileRange;

    private ReadOnlySpan<byte> Arguments(int copied) => _request.AsSpan(FuseRequestHeader.Size, copied - FuseRequestHeader.Size);

    /// <summary>Sends a reply whose content, <paramref name="result"/> bytes, lies behind the header in <see cref="_reply"/>.</summary>
    private uint Reply(BufferList buffers, in DescriptorChain chain, int result)
    {
        var length = FuseReplyHeader.Size + Math.Max(result, 0);
        if (length > chain.WritableBytes)
        {
            if (chain.WritableBytes < FuseReplyHeader.Size)
                return 0;
            (length, result) = (FuseReplyHeader.Size, -(int)Errno.EIO);
        }

        WriteHeader(length, Math.Min(result, 0));
        return (uint)buffers.CopyFrom(chain.WritableStart, chain.WritableCount, _reply.AsSpan(0, length));
    }

    /// <summary>Sends the header of a reply whose content is in the guest's memory already.</summary>
    private uint ReplyLength(BufferList buffers, in DescriptorChain chain, int result)
    {
        if (result <= 0)
            return Reply(buffers, chain, result);
        WriteHeader(FuseReplyHeader.Size + result, 0);
        _ = buffers.CopyFrom(chain.WritableStart, chain.WritableCount, _reply.AsSpan(0, FuseReplyHeader.Size));
        return (uint)(FuseReplyHeader.Size + result);
    }

    private void WriteHeader(int length, int error) =>
        MemoryMarshal.Write(_reply, new FuseReplyHeader { Length = (uint)length, Error = error, Unique = _header.Unique });

    private void LogMalformed(FuseOpcode opcode, uint length)
    {
        if (_malformedGate.TryPass(out var suppressed))
            FileSystemLog.Malformed(_logger, opcode, length, suppressed);
    }

    /// <summary>True when the guest may hold no more descriptors.</summary>
    private bool IsFull()
    {
        if (DescriptorCount < _descriptorLimit)
            return false;
        if (_limitGate.TryPass(out var suppressed))
            FileSystemLog.TooManyFiles(_logger, _descriptorLimit, suppressed);
        return true;
    }

    private static bool TryTake<T>(ref ReadOnlySpan<byte> arguments, out T value)
        where T : unmanaged
    {
        if (!MemoryMarshal.TryRead(arguments, out value))
            return false;
        arguments = arguments[Unsafe.SizeOf<T>()..];
        return true;
    }

    private static bool TryTakeText(ref ReadOnlySpan<byte> arguments, out ReadOnlySpan<byte> text)
    {
        var length = arguments.IndexOf((byte)0) + 1;
        text = arguments[..length];
        arguments = arguments[length..];
        return length > 1;
    }

    /// <summary>Takes the name of something in a directory, with its NUL. Nothing else is a name: no path, no way up.</summary>
    private static bool TryTakeName(ref ReadOnlySpan<byte> arguments, out ReadOnlySpan<byte> name) =>
        TryTakeText(ref arguments, out name) && !name.Contains((byte)'/') && !name.SequenceEqual(".\0"u8) && !name.SequenceEqual("..\0"u8);

    private static int Write<T>(Span<byte> reply, in T value)
        where T : unmanaged
    {
        MemoryMarshal.Write(reply, value);
        return Unsafe.SizeOf<T>();
    }

    private static int Result(Errno error) => error == Errno.None ? 0 : -(int)error;
}
