using System.Buffers.Binary;
using Microsoft.Win32.SafeHandles;

namespace Kata.Virtio.VhostUser;

/// <summary>A request of a front end, or a back end's reply. Owns the descriptors that nobody has taken out.</summary>
internal sealed class VhostUserMessage : IDisposable
{
    private readonly byte[] _payload;
    private readonly List<SafeFileHandle> _descriptors;
    private readonly uint _flags;

    public VhostUserMessage(VhostUserRequest request, uint flags, byte[] payload, List<SafeFileHandle> descriptors)
    {
        Request = request;
        _flags = flags;
        _payload = payload;
        _descriptors = descriptors;
    }

    public VhostUserRequest Request { get; }

    public bool NeedsReply => (_flags & VhostUserProtocol.NeedReplyFlag) != 0;

    public bool IsReply => (_flags & VhostUserProtocol.ReplyFlag) != 0;

    public ReadOnlySpan<byte> Payload => _payload;

    public int DescriptorCount => _descriptors.Count;

    public ulong ReadUInt64(int offset = 0) => BinaryPrimitives.ReadUInt64LittleEndian(Field(offset, 8));

    public uint ReadUInt32(int offset) => BinaryPrimitives.ReadUInt32LittleEndian(Field(offset, 4));

    /// <summary>Hands over the descriptor at <paramref name="index"/>.</summary>
    /// <exception cref="VhostUserException">It did not come with the message, or was taken already.</exception>
    public SafeFileHandle TakeDescriptor(int index)
    {
        if (index >= _descriptors.Count || _descriptors[index].IsClosed)
            throw new VhostUserException($"{Request} came without its file descriptor.");
        var taken = _descriptors[index];
        _descriptors[index] = new SafeFileHandle(-1, ownsHandle: false);
        return taken;
    }

    public void Dispose() => _descriptors.ForEach(descriptor => descriptor.Dispose());

    private ReadOnlySpan<byte> Field(int offset, int length) => offset + length <= _payload.Length
        ? _payload.AsSpan(offset, length)
        : throw new VhostUserException($"{Request} has a payload of {_payload.Length} bytes, expected at least {offset + length}.");
}
