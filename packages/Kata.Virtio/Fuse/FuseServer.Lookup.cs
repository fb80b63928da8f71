using System.Runtime.InteropServices;
using Kata.Linux;
using Kata.Virtio.Memory;
using Kata.Virtio.Queues;

namespace Kata.Virtio.Fuse;

internal sealed unsafe partial class FuseServer
{
    private static ReadOnlySpan<byte> Itself => "\0"u8;

    private int Lookup(ReadOnlySpan<byte> arguments, Span<byte> reply) =>
        TryTakeName(ref arguments, out var name) ? Enter(name, reply) : -(int)Errno.EINVAL;

    /// <summary>Replies with what a name in the request's directory stands for.</summary>
    private int Enter(ReadOnlySpan<byte> name, Span<byte> reply)
    {
        var error = TryEnter(_header.Node, name, out var entry);
        return error == Errno.None ? Write(reply, entry) : -(int)error;
    }

    /// <summary>Looks a name up, which counts for the client until it forgets it.</summary>
    private Errno TryEnter(ulong directory, ReadOnlySpan<byte> name, out EntryReply entry)
    {
        entry = default;
        if (_nodes.Find(directory) is not { } parent)
            return Errno.ESTALE;
        // Most names are of files that the client knows: then nothing is opened. The node holds its file, so equal numbers mean that file.
        var error = DirectoryOperations.Status(parent, name, out var status);
        if (error != Errno.None)
            return error;
        var node = _nodes.AddLookup(NodeKey.Of(status));
        if (node == 0)
        {
            error = TryAddNode(parent, name, out node, out status);
            if (error != Errno.None)
                return error;
        }

        entry = MakeEntry(node, status, directory);
        return Errno.None;
    }

    private Errno TryAddNode(SafeHandle parent, ReadOnlySpan<byte> name, out ulong node, out StatxRecord status)
    {
        node = 0;
        status = default;
        if (IsFull())
            return Errno.ENFILE;
        var file = DirectoryOperations.Open(parent, name, OpenFlags.Path | OpenFlags.NoFollow, 0, out var error);
        if (file is null)
            return error;
        // Of the file that was opened: the name may stand for another one by now.
        error = DirectoryOperations.Status(file, Itself, out status);
        if (error == Errno.None)
        {
            var key = NodeKey.Of(status);
            node = _nodes.AddLookup(key);
            if (node == 0)
            {
                node = _nodes.Add(key, status.Kind, file);
                return Errno.None;
            }
        }

        file.Dispose();
        return error;
    }

    private EntryReply MakeEntry(ulong node, in StatxRecord status, ulong directory)
    {
        var attributes = FuseAttributes.From(status);
        if (status.Kind == FileKind.Directory && (_features & FuseFeatures.Submounts) != 0)
        {
            var parent = _nodes.KeyOf(directory);
            if (parent.Device != status.Device || parent.Mount != status.Mount)
                attributes.Flags |= FuseAttributes.Submount;
        }

        return new EntryReply { Node = node, EntrySeconds = _timeout, AttributeSeconds = _timeout, Attributes = attributes };
    }

    private void Forget(ReadOnlySpan<byte> arguments)
    {
        if (TryTake<ulong>(ref arguments, out var lookups))
            _nodes.Forget(_header.Node, lookups);
    }

    private void BatchForget(ReadOnlySpan<byte> arguments, BufferList buffers, in DescriptorChain chain)
    {
        if (!TryTake<BatchForgetRequest>(ref arguments, out var request))
            return;
        long offset = FuseRequestHeader.Size + sizeof(BatchForgetRequest);
        var left = Math.Min(request.Count, (_header.Length - offset) / sizeof(ForgetEntry));
        while (left > 0)
        {
            var part = MemoryMarshal.Cast<byte, ForgetEntry>(_request.AsSpan())[..(int)Math.Min(left, 1024)];
            var bytes = MemoryMarshal.AsBytes(part);
            if (buffers.CopyTo(chain.ReadableStart, chain.ReadableCount, offset, bytes) < bytes.Length)
                return;
            foreach (ref readonly var entry in part)
                _nodes.Forget(entry.Node, entry.Lookups);
            left -= part.Length;
            offset += bytes.Length;
        }
    }
}
