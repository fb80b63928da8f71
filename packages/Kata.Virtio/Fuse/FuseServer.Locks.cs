using System.Runtime.CompilerServices;
using Kata.Linux;
using Microsoft.Win32.SafeHandles;

namespace Kata.Virtio.Fuse;

internal sealed unsafe partial class FuseServer
{
    private const uint ReadLock = 0;
    private const uint WriteLock = 1;
    private const uint Unlock = 2;

    private int GetLock(ReadOnlySpan<byte> arguments, Span<byte> reply)
    {
        if (!_hostLocks)
            return -(int)Errno.ENOSYS;
        if (!TryTake<LockRequest>(ref arguments, out var request) || !TryGetRange(request.Lock, out var range))
            return -(int)Errno.EINVAL;
        if (LockFile(request.Owner, out var error) is not { } file)
            return -(int)error;
        error = range.FindConflict(file, out var conflict);
        if (error != Errno.None)
            return -(int)error;
        return Write(reply, new FuseLock
        {
            Start = (ulong)conflict.Start,
            End = conflict.Length == 0 ? long.MaxValue : (ulong)(conflict.Start + conflict.Length - 1),
            Type = (uint)conflict.Type,
        });
    }

    private int SetLock(ReadOnlySpan<byte> arguments, bool wait)
    {
        const uint WholeFile = 1;
        if (!_hostLocks)
            return -(int)Errno.ENOSYS;
        if (!TryTake<LockRequest>(ref arguments, out var request))
            return -(int)Errno.EINVAL;
        var error = (request.Flags & WholeFile) != 0 ? LockWhole(request) : LockRange(request);
        return wait && error == Errno.EAGAIN ? -(int)Errno.EOPNOTSUPP : Result(error);
    }

    private Errno LockWhole(in LockRequest request)
    {
        const int Shared = 1, Exclusive = 2, None = 8;
        ref var open = ref _handles.Find(request.Handle, isDirectory: false);
        if (Unsafe.IsNullRef(ref open))
            open = ref _handles.Find(request.Handle, isDirectory: true);
        if (Unsafe.IsNullRef(ref open))
            return Errno.EBADF;
        return request.Lock.Type switch
        {
            ReadLock => FileLock.TryApply(open.File!, Shared),
            WriteLock => FileLock.TryApply(open.File!, Exclusive),
            Unlock => FileLock.TryApply(open.File!, None),
            _ => Errno.EINVAL,
        };
    }

    private Errno LockRange(in LockRequest request)
    {
        if (!TryGetRange(request.Lock, out var range))
            return Errno.EINVAL;
        if (range.Type == (short)Unlock && _locks.Find(_header.Node, request.Owner) is null)
            return Errno.None;
        return LockFile(request.Owner, out var error) is { } file ? range.Apply(file) : error;
    }

    private SafeFileHandle? LockFile(ulong owner, out Errno error)
    {
        error = Errno.None;
        if (_locks.Find(_header.Node, owner) is { } known)
            return known;
        var file = OpenNode(_header.Node, _readOnly ? OpenFlags.ReadOnly : OpenFlags.ReadWrite, 0, out error);
        if (error is Errno.EACCES or Errno.EROFS or Errno.ETXTBSY or Errno.EPERM)
            file = OpenNode(_header.Node, OpenFlags.ReadOnly, 0, out error);
        if (file is not null)
            _locks.Add(_header.Node, owner, file);
        return file;
    }

    private static bool TryGetRange(in FuseLock requested, out RecordLock range)
    {
        range = default;
        if (requested.Type > Unlock || requested.Start > requested.End || requested.End > long.MaxValue)
            return false;
        var length = requested.End == long.MaxValue ? 0 : requested.End - requested.Start + 1;
        range = new RecordLock((short)requested.Type, (long)requested.Start, (long)length);
        return true;
    }
}
