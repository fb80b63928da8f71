using System.Buffers;
using System.Text;
using Grpc.Core;

namespace Kata.Ttrpc.Wire;

/// <summary>
/// Builds one frame in place: header, envelope fields, and the message serialized straight between them.
/// One writer is cached per thread; rent, fill, send <see cref="Frame"/>, return.
/// </summary>
internal sealed class FrameWriter : SerializationContext, IBufferWriter<byte>
{
    private const int SmallBuffer = 1024;
    private const int PaddedVarint = 5;

    [ThreadStatic]
    private static FrameWriter? t_cached;

    private readonly byte[] _small = new byte[SmallBuffer];
    private byte[] _buffer;
    private int _position;
    private int _payloadField;
    private int _payloadStart;
    private int _declaredLength;
    private long _timeoutNano;
    private Metadata? _metadata;
    private int _suffixSize;

    private FrameWriter() => _buffer = _small;

    /// <summary>The finished frame; valid until <see cref="Return"/>.</summary>
    public ReadOnlySpan<byte> Frame => _buffer.AsSpan(0, _position);

    /// <summary>The error for a message over the limit, in the words of Go's ttrpc.</summary>
    public static Status Oversized(long length) =>
        new(StatusCode.ResourceExhausted, $"message length {length} exceed maximum message size of {FrameHeader.MaxLength}");

    public static FrameWriter Rent()
    {
        var writer = t_cached ?? new FrameWriter();
        t_cached = null;
        return writer;
    }

    public void Return()
    {
        if (_buffer != _small)
            ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = _small;
        _metadata = null;
        t_cached = this;
    }

    /// <summary>Starts a request; the message follows through <see cref="WriteMessage"/>, if there is one, then <see cref="Finish"/>.</summary>
    public void BeginRequest(string service, string method, long timeoutNano, Metadata? metadata)
    {
        var (serviceSize, methodSize) = (Encoding.UTF8.GetByteCount(service), Encoding.UTF8.GetByteCount(method));
        _timeoutNano = timeoutNano;
        _metadata = metadata;
        Begin(RequestEnvelope.PayloadField, (timeoutNano == 0 ? 0 : 11) + MetadataCodec.GetSize(metadata));
        EnsureCapacity(ProtoWriter.FieldSize(serviceSize) + ProtoWriter.FieldSize(methodSize) + _suffixSize);
        var writer = new ProtoWriter(_buffer.AsSpan(_position));
        writer.WriteString(RequestEnvelope.ServiceField, service, serviceSize);
        writer.WriteString(RequestEnvelope.MethodField, method, methodSize);
        _position += writer.Position;
    }

    /// <summary>Starts a response. An empty <paramref name="status"/> is success and is written all the same, as Go servers do.</summary>
    public void BeginResponse(ReadOnlySpan<byte> status)
    {
        Begin(ResponseEnvelope.PayloadField, 0);
        EnsureCapacity(1 + PaddedVarint + status.Length);
        var writer = new ProtoWriter(_buffer.AsSpan(_position));
        writer.WriteHeader(ResponseEnvelope.StatusField, status.Length);
        writer.WriteRaw(status);
        _position += writer.Position;
    }

    /// <summary>Starts a data frame: the bare message.</summary>
    public void BeginData() => Begin(0, 0);

    /// <summary>Serializes the message into its place.</summary>
    /// <exception cref="RpcException">RESOURCE_EXHAUSTED when it is over the limit.</exception>
    public void WriteMessage<T>(Marshaller<T> marshaller, T message) => marshaller.ContextualSerializer(message, this);

    /// <summary>Completes the frame.</summary>
    /// <exception cref="RpcException">RESOURCE_EXHAUSTED when it is over the limit.</exception>
    public void Finish(uint streamId, FrameType type, FrameFlags flags = FrameFlags.None)
    {
        if (_suffixSize > 0)
        {
            EnsureCapacity(_suffixSize);
            var writer = new ProtoWriter(_buffer.AsSpan(_position));
            writer.WriteInt64(RequestEnvelope.TimeoutField, _timeoutNano);
            MetadataCodec.Encode(_metadata, ref writer);
            _position += writer.Position;
        }

        var length = _position - FrameHeader.Size;
        ThrowIfOversized(length);
        new FrameHeader((uint)length, streamId, type, flags).Write(_buffer);
    }

    /// <inheritdoc/>
    public override void SetPayloadLength(int payloadLength)
    {
        ThrowIfOversized(_position - FrameHeader.Size + (long)payloadLength + _suffixSize);
        EnsureCapacity(1 + PaddedVarint + payloadLength + _suffixSize);
        _declaredLength = payloadLength;
        if (_payloadField != 0 && payloadLength > 0)
        {
            var writer = new ProtoWriter(_buffer.AsSpan(_position));
            writer.WriteHeader(_payloadField, payloadLength);
            _position += writer.Position;
        }

        _payloadStart = _position;
    }

    /// <inheritdoc/>
    public override IBufferWriter<byte> GetBufferWriter()
    {
        if (_declaredLength < 0 && _payloadStart < 0)
        {
            // Unknown length: leave room for a padded varint and fill it in at the end.
            EnsureCapacity(1 + PaddedVarint);
            _position += _payloadField == 0 ? 0 : 1 + PaddedVarint;
            _payloadStart = _position;
        }

        return this;
    }

    /// <inheritdoc/>
    public override void Complete()
    {
        var length = _position - _payloadStart;
        if (_declaredLength >= 0)
        {
            if (length != _declaredLength)
                throw new InvalidOperationException($"The serializer announced {_declaredLength} bytes and wrote {length}.");
        }
        else if (_payloadStart >= 0 && _payloadField != 0)
        {
            var target = _buffer.AsSpan(_payloadStart - PaddedVarint - 1);
            target[0] = (byte)((_payloadField << 3) | (int)WireType.Length);
            for (var i = 0; i < PaddedVarint; i++)
                target[1 + i] = (byte)(((length >> (7 * i)) & 0x7f) | (i < PaddedVarint - 1 ? 0x80 : 0));
        }
    }

    /// <inheritdoc/>
    public override void Complete(byte[] payload)
    {
        SetPayloadLength(payload.Length);
        payload.CopyTo(_buffer, _position);
        _position += payload.Length;
    }

    void IBufferWriter<byte>.Advance(int count)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)count, (uint)(_buffer.Length - _position));
        _position += count;
    }

    Memory<byte> IBufferWriter<byte>.GetMemory(int sizeHint)
    {
        EnsureCapacity(Math.Max(sizeHint, 1));
        return _buffer.AsMemory(_position);
    }

    Span<byte> IBufferWriter<byte>.GetSpan(int sizeHint)
    {
        EnsureCapacity(Math.Max(sizeHint, 1));
        return _buffer.AsSpan(_position);
    }

    private void Begin(int payloadField, int suffixSize)
    {
        _position = FrameHeader.Size;
        _payloadField = payloadField;
        _suffixSize = suffixSize;
        (_declaredLength, _payloadStart) = (-1, -1);
    }

    private void EnsureCapacity(int count)
    {
        if (_buffer.Length - _position >= count)
            return;
        var larger = ArrayPool<byte>.Shared.Rent(Math.Max(_position + count, _buffer.Length * 2));
        _buffer.AsSpan(0, _position).CopyTo(larger);
        if (_buffer != _small)
            ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = larger;
    }

    private static void ThrowIfOversized(long length)
    {
        if (length > FrameHeader.MaxLength)
            throw new RpcException(Oversized(length));
    }
}
