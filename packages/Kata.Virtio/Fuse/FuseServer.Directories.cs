using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Kata.Linux;
using Microsoft.Win32.SafeHandles;

namespace Kata.Virtio.Fuse;

internal sealed unsafe partial class FuseServer
{
    /// <summary>Where the host's directory stream is when part of what it gave was not passed on.</summary>
    private const long UnknownPosition = -1;

    private int OpenDirectory(Span<byte> reply)
    {
        var node = _nodes.Find(_header.Node, out var kind);
        if (node is null)
            return -(int)Errno.ESTALE;
        if (kind != FileKind.Directory)
            return -(int)Errno.ENOTDIR;
        if (IsFull())
            return -(int)Errno.ENFILE;
        var flags = _cache == FileSystemCache.Always ? OpenReplyFlags.KeepCache | OpenReplyFlags.CacheDirectory : OpenReplyFlags.None;
        return OpenDirectory(node, out var error) is { } directory
            ? Write(reply, new OpenReply { Handle = _handles.Add(directory, isDirectory: true), Flags = flags })
            : -(int)error;
    }

    private static SafeFileHandle? OpenDirectory(SafeHandle node, out Errno error) =>
        DirectoryOperations.Open(node, ".\0"u8, OpenFlags.ReadOnly | OpenFlags.Directory, 0, out error);

    private int ReadDirectory(ReadOnlySpan<byte> arguments, Span<byte> reply, bool plus)
    {
        // The longest record of the host, and how much smaller its records are than ours at most.
        const int LongestRecord = 280, PlainRatio = 2, PlusRatio = 7;
        if (!TryTake<TransferRequest>(ref arguments, out var request))
            return -(int)Errno.EINVAL;
        ref var directory = ref _handles.Find(request.Handle, isDirectory: true);
        if (Unsafe.IsNullRef(ref directory))
            return -(int)Errno.EBADF;
        var file = directory.File!;
        reply = reply[..(int)Math.Min(request.Length, (uint)reply.Length)];
        if (directory.Position != (long)request.Offset)
        {
            directory.Position = UnknownPosition;
            var position = FileOperations.Seek(file, (long)request.Offset, 0);
            if (position < 0)
                return (int)position;
        }

        var filled = 0;
        var last = (long)request.Offset;
        while (true)
        {
            // No more than will fit: going back to what did not is not exact on every file system when entries are removed meanwhile.
            var fitting = (reply.Length - filled) / (plus ? PlusRatio : PlainRatio);
            if (filled > 0 && fitting < LongestRecord)
                return filled;
            var records = _entries.AsSpan(0, Math.Clamp(fitting, LongestRecord, _entries.Length));
            var count = DirectoryOperations.ReadEntries(file, records);
            if (count < 0)
            {
                directory.Position = UnknownPosition;
                return filled > 0 ? filled : count;
            }

            if (count == 0)
            {
                directory.Position = last;
                return filled;
            }

            for (var rest = records[..count]; !rest.IsEmpty; rest = rest[RecordLength(rest)..])
            {
                var added = AppendEntry(rest[..RecordLength(rest)], reply[filled..], plus);
                if (added == 0)
                {
                    directory.Position = UnknownPosition;
                    return filled > 0 ? filled : -(int)Errno.EINVAL;
                }

                filled += added;
                last = MemoryMarshal.Read<long>(rest[8..]);
            }

            directory.Position = last;
        }
    }

    private static int RecordLength(ReadOnlySpan<byte> record) => MemoryMarshal.Read<ushort>(record[16..]);

    /// <summary>Appends what the host says of one entry (struct linux_dirent64). Returns its bytes, 0 when there is no room.</summary>
    private int AppendEntry(ReadOnlySpan<byte> record, Span<byte> reply, bool plus)
    {
        const int NameOffset = 19;
        var name = record[NameOffset..];
        name = name[..(name.IndexOf((byte)0) + 1)];
        var entryBytes = plus ? sizeof(EntryReply) : 0;
        var length = (entryBytes + DirectoryEntry.Size + name.Length - 1 + 7) & ~7;
        if (length > reply.Length)
            return 0;
        var entry = new DirectoryEntry
        {
            Inode = MemoryMarshal.Read<ulong>(record),
            Offset = MemoryMarshal.Read<ulong>(record[8..]),
            NameLength = (uint)(name.Length - 1),
            Type = record[18],
        };
        var isParent = name.SequenceEqual("..\0"u8);
        // What is above the root does not concern the client.
        if (isParent && _header.Node == NodeTable.RootId)
            entry.Inode = _nodes.KeyOf(NodeTable.RootId).Inode;
        reply[..length].Clear();
        if (plus)
        {
            // The entry without a node is valid, too: the client looks the name up when it needs it.
            var status = default(EntryReply);
            if (!isParent && !name.SequenceEqual(".\0"u8))
                _ = TryEnter(_header.Node, name, out status);
            MemoryMarshal.Write(reply, status);
        }

        MemoryMarshal.Write(reply[entryBytes..], entry);
        name[..^1].CopyTo(reply[(entryBytes + DirectoryEntry.Size)..]);
        return length;
    }
}
