using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Kata.Guest.Agent.Streams;
using Kata.Linux;
using Kata.Protocols.Agent;

namespace Kata.Guest.Agent.Rpc;

internal sealed partial class GuestAgentService
{
    public override async Task<WriteStreamResponse> WriteStdin(WriteStreamRequest request, ServerCallContext context)
    {
        var input = _containers.Process(request.ContainerId, request.ExecId).Streams.Input;
        try
        {
            if (request.Data.IsEmpty)
                await input.CloseAsync(context.CancellationToken);
            else
                await input.WriteAsync(request.Data.Memory, context.CancellationToken);
        }
        catch (LinuxException e) when (e.Errno is Errno.EPIPE or Errno.EIO)
        {
            throw new AgentException(StatusCode.FailedPrecondition, "The process does not read its standard input any more.", e);
        }

        return new WriteStreamResponse { Len = (uint)request.Data.Length };
    }

    public override Task<ReadStreamResponse> ReadStdout(ReadStreamRequest request, ServerCallContext context) =>
        ReadAsync(_containers.Process(request.ContainerId, request.ExecId).Streams.Output, request, context);

    public override Task<ReadStreamResponse> ReadStderr(ReadStreamRequest request, ServerCallContext context) =>
        ReadAsync(_containers.Process(request.ContainerId, request.ExecId).Streams.Error, request, context);

    public override async Task<Empty> CloseStdin(CloseStdinRequest request, ServerCallContext context)
    {
        await _containers.Process(request.ContainerId, request.ExecId).Streams.Input.CloseAsync(context.CancellationToken);
        return _empty;
    }

    public override Task<Empty> TtyWinResize(TtyWinResizeRequest request, ServerCallContext context)
    {
        var streams = _containers.Process(request.ContainerId, request.ExecId).Streams;
        if (!streams.HasTerminal)
            throw new AgentException(StatusCode.Unavailable, "no tty");
        streams.Resize((ushort)Math.Min(request.Row, ushort.MaxValue), (ushort)Math.Min(request.Column, ushort.MaxValue));
        return Task.FromResult(_empty);
    }

    private static async Task<ReadStreamResponse> ReadAsync(ProcessOutput? output, ReadStreamRequest request, ServerCallContext context) =>
        output is null
            ? new ReadStreamResponse()
            : new ReadStreamResponse { Data = await output.ReadAsync((int)Math.Min(request.Len, int.MaxValue), context.CancellationToken) };
}
