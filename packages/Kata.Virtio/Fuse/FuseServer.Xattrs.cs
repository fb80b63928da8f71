using System.Runtime.InteropServices;
using Kata.Linux;

namespace Kata.Virtio.Fuse;

internal sealed unsafe partial class FuseServer
{
    private int GetXattr(ReadOnlySpan<byte> arguments, Span<byte> reply)
    {
        if (!TryTake<GetXattrRequest>(ref arguments, out var request) || !TryTakeText(ref arguments, out var name))
            return -(int)Errno.EINVAL;
        if (_nodes.Find(_header.Node) is not { } file)
            return -(int)Errno.ESTALE;
        var length = ExtendedAttributes.Get(MagicPath(file), name, Room(reply, request.Length));
        return ReplyXattr(length, request.Length, reply);
    }

    private int ListXattr(ReadOnlySpan<byte> arguments, Span<byte> reply)
    {
        if (!TryTake<GetXattrRequest>(ref arguments, out var request))
            return -(int)Errno.EINVAL;
        if (_nodes.Find(_header.Node) is not { } file)
            return -(int)Errno.ESTALE;
        return ReplyXattr(ExtendedAttributes.List(MagicPath(file), Room(reply, request.Length)), request.Length, reply);
    }

    private int SetXattr(ReadOnlySpan<byte> arguments)
    {
        const uint KillSetGid = 1;
        SetXattrRequest request;
        if ((_features & FuseFeatures.SetXattrExtended) != 0)
        {
            if (!TryTake(ref arguments, out request))
                return -(int)Errno.EINVAL;
        }
        else
        {
            request = default;
            if (!TryTake(ref arguments, out request.Length) || !TryTake(ref arguments, out request.Flags))
                return -(int)Errno.EINVAL;
        }

        if (!TryTakeText(ref arguments, out var name) || request.Length > arguments.Length)
            return -(int)Errno.EINVAL;
        if (_nodes.Find(_header.Node) is not { } file)
            return -(int)Errno.ESTALE;
        var killSetGid = (request.SetXattrFlags & KillSetGid) != 0;
        if (killSetGid)
            _identity?.SuspendSetIdCapability();
        var error = ExtendedAttributes.Set(MagicPath(file), name, arguments[..(int)request.Length], (int)request.Flags);
        if (killSetGid)
            _identity?.ResumeSetIdCapability();
        return Result(error);
    }

    private int RemoveXattr(ReadOnlySpan<byte> arguments)
    {
        if (!TryTakeText(ref arguments, out var name))
            return -(int)Errno.EINVAL;
        return _nodes.Find(_header.Node) is { } file ? Result(ExtendedAttributes.Remove(MagicPath(file), name)) : -(int)Errno.ESTALE;
    }

    private static Span<byte> Room(Span<byte> reply, uint length) => reply[..(int)Math.Min(length, (uint)reply.Length)];

    /// <summary>A request for 0 bytes asks how many there are.</summary>
    private static int ReplyXattr(int length, uint requested, Span<byte> reply) =>
        length < 0 || requested != 0 ? length : Write(reply, new SizeReply { Length = (uint)length });
}
