using Grpc.Core;
using Kata.Guest.Agent.Logging;
using Microsoft.Extensions.Logging;

namespace Kata.Guest.Agent.Rpc;

/// <summary>Around every request: it waits until the guest is ready, and errors become the codes that the runtime knows.</summary>
internal sealed class RequestGate
{
    private const string Health = "/grpc.Health/";

    private readonly Task _ready;
    private readonly ILogger _log;

    public RequestGate(Task ready, ILogger log)
    {
        _ready = ready;
        _log = log;
    }

    public async Task RunAsync(ServerCallContext context, Func<Task> next)
    {
        var rpc = context.Method[(context.Method.LastIndexOf('/') + 1)..];
        try
        {
            if (!_ready.IsCompletedSuccessfully && !context.Method.StartsWith(Health, StringComparison.Ordinal))
                await _ready.WaitAsync(context.CancellationToken);
            // Off the thread that reads the connection: most requests take system calls that wait.
            if (!IsStream(rpc))
                await Task.Yield();

            await next();
        }
        catch (AgentException e)
        {
            if (!IsStream(rpc))
                _log.RequestRefused(rpc, e.Message);
            throw new RpcException(new Status(e.Code, e.Message));
        }
        catch (OperationCanceledException) when (context.CancellationToken.IsCancellationRequested)
        {
            throw new RpcException(new Status(StatusCode.Cancelled, $"{rpc} was given up by the runtime."));
        }
        catch (Exception e) when (e is not RpcException)
        {
            _log.RequestFailed(rpc, e);
            throw new RpcException(new Status(StatusCode.Internal, e.Message));
        }
    }

    private static bool IsStream(string rpc) => rpc is "ReadStdout" or "ReadStderr" or "WriteStdin";
}
