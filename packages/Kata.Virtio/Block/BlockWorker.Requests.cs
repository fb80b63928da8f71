using System.Runtime.InteropServices;
using Kata.Linux;
using Kata.Virtio.Queues;

namespace Kata.Virtio.Block;

internal sealed partial class BlockWorker
{
    /// <summary>The space of a range may be given back (VIRTIO_BLK_WRITE_ZEROES_FLAG_UNMAP).</summary>
    private const uint Unmap = 1;

    /// <summary>Does what a chain asks for. Returns the bytes written into it; null when it goes on in the background.</summary>
    private uint? Handle(in DescriptorChain chain)
    {
        var header = default(BlockHeader);
        var headerBytes = _chain.CopyTo(
            chain.ReadableStart, chain.ReadableCount, 0, MemoryMarshal.AsBytes(new Span<BlockHeader>(ref header)));
        var room = chain.WritableBytes - 1;
        _data.Truncate(0);
        if (_data.AppendPart(_chain, chain.WritableStart, chain.WritableCount, room, 1) != 1)
        {
            // Without room for a status there is no way to answer.
            Malformed(header);
            return 0;
        }

        var isComplete = headerBytes == BlockHeader.Size && chain.ReadableBytes + chain.WritableBytes <= BlockLimits.MaxRequestBytes;
        if ((isComplete ? Handle(header, chain) : Malformed(header)) is not { } status)
            return null;
        _data.CopyFrom(0, 1, [(byte)status]);
        return Written(header.Type, status, room);
    }

    private BlockStatus? Handle(in BlockHeader header, in DescriptorChain chain)
    {
        switch (header.Type)
        {
            case BlockRequestType.In:
                _data.AppendPart(_chain, chain.WritableStart, chain.WritableCount, 0, chain.WritableBytes - 1);
                return Transfer(header, chain, chain.WritableBytes - 1);
            case BlockRequestType.Out when !_image.IsReadOnly:
                _data.AppendPart(_chain, chain.ReadableStart, chain.ReadableCount, BlockHeader.Size, long.MaxValue);
                return Transfer(header, chain, chain.ReadableBytes - BlockHeader.Size);
            case BlockRequestType.Flush:
                return Flush(header, chain);
            case BlockRequestType.GetId:
                _data.AppendPart(_chain, chain.WritableStart, chain.WritableCount, 0, Math.Min(chain.WritableBytes - 1, SerialBytes));
                _data.CopyFrom(1, _data.Count - 1, _device.Serial);
                return BlockStatus.Ok;
            case BlockRequestType.Discard when _image.CanDiscard:
                return HandleRanges(header, chain, BlockLimits.MaxDiscardRanges, BlockLimits.MaxDiscardSectors, allowedFlags: 0);
            case BlockRequestType.WriteZeroes when !_image.IsReadOnly:
                return HandleRanges(header, chain, BlockLimits.MaxWriteZeroesRanges, BlockLimits.MaxWriteZeroesSectors, Unmap);
            case BlockRequestType.Out:
                return Malformed(header);
            default:
                return BlockStatus.Unsupported;
        }
    }

    /// <summary>What the driver reads of a chain whose status is the last of its writable bytes.</summary>
    private static uint Written(BlockRequestType type, BlockStatus status, long room) =>
        status == BlockStatus.Ok && type is BlockRequestType.In or BlockRequestType.GetId ? (uint)room + 1 : 1;

    private BlockStatus? Transfer(in BlockHeader header, in DescriptorChain chain, long bytes)
    {
        if (bytes % BlockLimits.SectorBytes != 0 || !IsOnDisk(header.Sector, (ulong)(bytes / BlockLimits.SectorBytes)))
            return Malformed(header);
        if (bytes == 0)
            return BlockStatus.Ok;
        var ranges = _data.Slice(1, _data.Count - 1);
        if (header.Type == BlockRequestType.In && TryReadCached(header, ranges, bytes))
            return BlockStatus.Ok;
        return TryBegin(header, chain, ranges, bytes) ? null : TransferNow(header, bytes);
    }

    private BlockStatus TransferNow(in BlockHeader header, long bytes)
    {
        var write = header.Type == BlockRequestType.Out;
        var offset = (long)header.Sector * BlockLimits.SectorBytes;
        var ranges = _data.Slice(1, _data.Count - 1);
        for (var done = 0L; done < bytes;)
        {
            var count = write ? _image.Write(ranges, offset + done) : _image.Read(ranges, offset + done);
            // Nothing moved without an error: the image has become shorter, or there is no space left.
            if (count <= 0)
                return Report(header, count == 0 ? Errno.EIO : (Errno)(-count));
            done += count;
            if (done == bytes)
                break;
            _rest.Truncate(0);
            _rest.AppendPart(_data, 1, _data.Count - 1, done, bytes - done);
            ranges = _rest.Slice(0, _rest.Count);
        }

        return write ? Settle(header) : BlockStatus.Ok;
    }

    private BlockStatus HandleRanges(in BlockHeader header, in DescriptorChain chain, uint maxRanges, uint maxSectors, uint allowedFlags)
    {
        var (count, remainder) = Math.DivRem(chain.ReadableBytes - BlockHeader.Size, BlockRange.Size);
        if (count == 0 || count > maxRanges || remainder != 0)
            return Malformed(header);
        for (var i = 0; i < count; i++)
        {
            // Copied once, so that what is checked is what is used.
            var range = default(BlockRange);
            _chain.CopyTo(
                chain.ReadableStart, chain.ReadableCount, BlockHeader.Size + (i * BlockRange.Size),
                MemoryMarshal.AsBytes(new Span<BlockRange>(ref range)));
            if ((range.Flags & ~allowedFlags) != 0)
                return BlockStatus.Unsupported;
            if (range.SectorCount > maxSectors || !IsOnDisk(range.Sector, range.SectorCount))
                return Malformed(header);
            if (range.SectorCount == 0)
                continue;
            var (offset, length) = ((long)range.Sector * BlockLimits.SectorBytes, (long)range.SectorCount * BlockLimits.SectorBytes);
            var error = header.Type == BlockRequestType.Discard
                ? _image.Discard(offset, length)
                : _image.WriteZeroes(offset, length, (range.Flags & Unmap) != 0);
            if (error != Errno.None)
                return Report(header, error);
        }

        return Settle(header);
    }

    private bool IsOnDisk(ulong sector, ulong count)
    {
        var capacity = _device.Capacity;
        return sector <= capacity && count <= capacity - sector;
    }

    /// <summary>Whoever cannot or does not want to flush has every change made durable at once.</summary>
    private BlockStatus Settle(in BlockHeader header) => _device.IsWriteBack ? BlockStatus.Ok : Report(header, _image.Flush());

    private BlockStatus Report(in BlockHeader header, Errno error)
    {
        if (error == Errno.None)
            return BlockStatus.Ok;
        if (error == Errno.EOPNOTSUPP)
            return BlockStatus.Unsupported;
        if (_failedGate.TryPass(out var suppressed))
            BlockLog.RequestFailed(_logger, _image.Path, header.Type, header.Sector, error, suppressed);
        return BlockStatus.IoError;
    }

    private BlockStatus Malformed(in BlockHeader header)
    {
        if (_malformedGate.TryPass(out var suppressed))
            BlockLog.MalformedRequest(_logger, _image.Path, header.Type, header.Sector, suppressed);
        return BlockStatus.IoError;
    }
}
