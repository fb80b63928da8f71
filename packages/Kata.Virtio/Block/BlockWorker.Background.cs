using System.Runtime.CompilerServices;
using Kata.Linux;
using Kata.Virtio.Queues;

namespace Kata.Virtio.Block;

internal sealed unsafe partial class BlockWorker
{
    /// <summary>Begins a transfer that would keep the queue waiting. False when it is to be done at once.</summary>
    private bool TryBegin(in BlockHeader header, in DescriptorChain chain, ReadOnlySpan<NativeBuffer> ranges, long bytes)
    {
        var write = header.Type == BlockRequestType.Out;
        var file = _image.FileFor(ranges, (long)header.Sector * BlockLimits.SectorBytes, out var direct);
        // The page cache takes a write at once; one that has to be durable is not done with when it is written.
        if (_background is null || (write && (!direct || !_device.IsWriteBack)))
            return false;
        // Waiting for the only request there is costs less than being told of its end.
        if (_background.Count == 0 && !_queue!.HasAvailable)
            return false;
        return _background.TryTransfer(file, ranges, Describe(header, chain, bytes));
    }

    private BlockStatus? Flush(in BlockHeader header, in DescriptorChain chain)
    {
        if (_background?.TryFlush(_image.FileToFlush, Describe(header, chain, 0)) == true)
            return null;
        return Report(header, _image.Flush());
    }

    /// <summary>True when all of it was in the page cache and has been read.</summary>
    private bool TryReadCached(in BlockHeader header, ReadOnlySpan<NativeBuffer> ranges, long bytes)
    {
        var offset = (long)header.Sector * BlockLimits.SectorBytes;
        var file = _image.FileFor(ranges, offset, out var direct);
        if (direct || _background is null || !_cacheTells)
            return false;
        var count = BlockStorage.ReadCached(file, ranges, offset);
        _cacheTells = count != -(long)Errno.EOPNOTSUPP;
        return count == bytes;
    }

    private BackgroundRequest Describe(in BlockHeader header, in DescriptorChain chain, long bytes) =>
        new() { Header = header, Head = chain.Head, Status = _data.Slice(0, 1)[0].Address, Bytes = bytes };

    /// <summary>Gives back the requests that have ended.</summary>
    private void Complete(SplitQueue queue)
    {
        while (_background!.TryTake(out var request, out var ranges, out var result))
        {
            var status = result == request.Bytes ? BlockStatus.Ok : Finish(request, ranges, result);
            // SAFETY: checked when the chain was taken; the memory stays until the queue has stopped.
            Unsafe.Write((void*)request.Status, status);
            queue.PushUsed(request.Head, Written(request.Header.Type, status, request.Bytes));
        }
    }

    /// <summary>What the kernel did not do to the end is done at once, or has failed.</summary>
    private BlockStatus Finish(in BackgroundRequest request, ReadOnlySpan<NativeBuffer> ranges, int result)
    {
        if (result < 0 && (Errno)(-result) is not (Errno.EAGAIN or Errno.EINTR or Errno.ECANCELED))
            return Report(request.Header, (Errno)(-result));
        if (request.Header.Type == BlockRequestType.Flush)
            return Report(request.Header, _image.Flush());
        _data.Truncate(0);
        _data.TryAdd(new NativeBuffer(request.Status, 1));
        foreach (var range in ranges)
            _data.TryAdd(range);
        return TransferNow(request.Header, request.Bytes);
    }
}
