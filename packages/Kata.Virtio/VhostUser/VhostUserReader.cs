using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Kata.Linux;
using Microsoft.Win32.SafeHandles;

namespace Kata.Virtio.VhostUser;

/// <summary>
/// Assembles messages from a non-blocking socket. Never reads past a message, so that descriptors stay with the message they came with.
/// </summary>
internal sealed class VhostUserReader : IDisposable
{
    private readonly byte[] _header = new byte[VhostUserProtocol.HeaderSize];
    private List<SafeFileHandle> _descriptors = [];
    private byte[]? _payload;
    private int _received;

    /// <summary>The peer has closed the connection.</summary>
    public bool IsEndOfStream { get; private set; }

    /// <summary>Reads on; null when the message is not complete yet or the stream has ended.</summary>
    /// <exception cref="VhostUserException">What came is not a vhost-user message within the limits.</exception>
    public VhostUserMessage? TryRead(SafeHandle socket)
    {
        if (_payload is null)
        {
            if (!Fill(socket, _header))
                return null;
            _payload = new byte[CheckHeader()];
            _received = 0;
        }

        if (!Fill(socket, _payload))
            return null;
        var message = new VhostUserMessage((VhostUserRequest)HeaderField(0), HeaderField(4), _payload, _descriptors);
        _payload = null;
        _received = 0;
        _descriptors = [];
        return message;
    }

    public void Dispose() => _descriptors.ForEach(descriptor => descriptor.Dispose());

    private int CheckHeader()
    {
        var (request, version, size) = (HeaderField(0), HeaderField(4) & VhostUserProtocol.VersionMask, HeaderField(8));
        if (version != VhostUserProtocol.Version)
            throw new VhostUserException($"Message {request} has protocol version {version}, expected {VhostUserProtocol.Version}.");
        if (size > VhostUserProtocol.MaxPayload)
            throw new VhostUserException($"Message {request} has {size} bytes of payload, more than any needs.");
        return (int)size;
    }

    private uint HeaderField(int offset) => BinaryPrimitives.ReadUInt32LittleEndian(_header.AsSpan(offset));

    private bool Fill(SafeHandle socket, byte[] buffer)
    {
        while (_received < buffer.Length)
        {
            var count = UnixSocket.Receive(socket, buffer.AsSpan(_received), _descriptors);
            if (_descriptors.Count > VhostUserProtocol.MaxTableRegions)
                throw new VhostUserException($"A message came with more than {VhostUserProtocol.MaxTableRegions} file descriptors.");
            if (count <= 0)
            {
                IsEndOfStream = count == 0;
                return false;
            }

            _received += count;
        }

        return true;
    }
}
