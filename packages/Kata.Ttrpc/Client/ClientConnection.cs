using System.Runtime.InteropServices;
using Grpc.Core;
using Kata.Ttrpc.Transport;
using Kata.Ttrpc.Wire;
using Microsoft.Extensions.Logging;

namespace Kata.Ttrpc.Client;

/// <summary>The client's end: hands out stream ids and leads answers to the calls that wait for them.</summary>
internal sealed class ClientConnection(SafeHandle socket, IDisposable? owner, ILogger logger) : Connection(socket, owner, logger)
{
    private readonly Dictionary<uint, ClientCall> _calls = [];
    private readonly Lock _callsGate = new();
    private readonly Lock _orderGate = new();
    private ulong _nextId = 1;
    private Exception? _closeReason;

    /// <summary>The status of calls on a connection that is gone.</summary>
    public Status ClosedStatus => new(StatusCode.Unavailable, "ttrpc: closed", _closeReason);

    public int PendingCalls
    {
        get
        {
            lock (_callsGate)
                return _calls.Count;
        }
    }

    /// <summary>Registers a call and sends its request under the next stream id.</summary>
    public void Open(ClientCall call, FrameWriter request, FrameFlags flags)
    {
        bool sent;
        // Servers insist on increasing ids, so numbering and sending are one step.
        lock (_orderGate)
        {
            if (_nextId > uint.MaxValue)
                throw new RpcException(new Status(StatusCode.Unavailable, "The connection has used up its 2^31 stream ids; open another."));
            call.Id = (uint)_nextId;
            request.Finish(call.Id, FrameType.Request, flags);
            _nextId += 2;
            lock (_callsGate)
                _calls.Add(call.Id, call);
            sent = Send(request.Frame);
        }

        // A connection that closed before the registration has not seen the call.
        if (!sent || IsClosed)
            call.FailFromOutside(ClosedStatus);
    }

    public void Forget(ClientCall call)
    {
        lock (_callsGate)
        {
            // A call that was never sent may carry an id that another one got after it.
            if (_calls.GetValueOrDefault(call.Id) == call)
                _calls.Remove(call.Id);
        }
    }

    protected override IThreadPoolWorkItem? OnFrame(in FrameHeader header, ReadOnlyMemory<byte> data)
    {
        ClientCall? call;
        lock (_callsGate)
            _calls.TryGetValue(header.StreamId, out call);
        if (call is null)
        {
            // The usual case: the answer to a call that was given up.
            TtrpcLog.UnknownStream(Logger, header.StreamId);
            return null;
        }

        return header.Type switch
        {
            FrameType.Response => call.OnResponse(data),
            FrameType.Data => call.OnData(header.Flags, data),
            _ => call.Fail(new Status(StatusCode.Internal, $"The peer sent a frame of type {(byte)header.Type} to {call.Name}.")),
        };
    }

    protected override IThreadPoolWorkItem? OnOversizedFrame(in FrameHeader header)
    {
        ClientCall? call;
        lock (_callsGate)
            _calls.TryGetValue(header.StreamId, out call);
        TtrpcLog.OversizedFrame(Logger, header.Length, header.StreamId);
        return call?.Fail(FrameWriter.Oversized(header.Length));
    }

    protected override void OnClosed(Exception? reason)
    {
        if (reason is not null)
            TtrpcLog.ConnectionBroken(Logger, reason);
        _closeReason = reason;
        ClientCall[] calls;
        lock (_callsGate)
        {
            calls = [.. _calls.Values];
            _calls.Clear();
        }

        foreach (var call in calls)
            call.FailFromOutside(ClosedStatus);
    }
}
