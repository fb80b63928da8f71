using Grpc.Core;
using Kata.Abstractions;
using Kata.Protocols.Agent;
using Kata.Shim.Configuration;
using Kata.Ttrpc;
using Microsoft.Extensions.Logging;

namespace Kata.Shim.Agent;

/// <summary>
/// The agent of one guest. Any number of calls may be in flight. Every call has a time limit, except those that wait for the guest's
/// processes. Failures are <see cref="AgentException"/>s; cancelling gives up waiting, the guest may still do what it was asked.
/// </summary>
internal sealed partial class AgentClient : IAsyncDisposable
{
    private readonly TtrpcChannel _channel;
    private readonly AgentConfiguration _configuration;
    private readonly CancellationTokenSource _closing = new();
    private Task _logForwarding = Task.CompletedTask;

    private AgentClient(TtrpcChannel channel, AgentConfiguration configuration)
    {
        _channel = channel;
        _configuration = configuration;
    }

    /// <summary>Completes when the connection has ended. It is never re-opened. Never faults.</summary>
    public Task Disconnected => _channel.Closed;

    /// <summary>
    /// Connects to the agent of a guest that may still be booting and waits until it says it serves.
    /// </summary>
    /// <param name="endpoint">The guest.</param>
    /// <param name="configuration">Ports and time limits.</param>
    /// <param name="vmExited">Ends the wait at once.</param>
    /// <param name="logger">Gets the agent's own log lines too.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="KataException">The VM ended (Unavailable), or nobody answered in time (Timeout).</exception>
    public static async ValueTask<AgentClient> ConnectAsync(
        GuestEndpoint endpoint, AgentConfiguration configuration, Task vmExited, ILogger logger, CancellationToken cancellationToken)
    {
        var channel = await new AgentConnector(endpoint, configuration, vmExited, logger).ConnectAsync(cancellationToken).ConfigureAwait(false);
        var client = new AgentClient(channel, configuration);
        client._logForwarding = AgentLogForwarder.RunAsync(endpoint, configuration.LogPort, logger, client._closing.Token);
        return client;
    }

    /// <summary>Closes the connection; pending calls fail.</summary>
    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync().ConfigureAwait(false);
        await _channel.DisposeAsync().ConfigureAwait(false);
        await _logForwarding.ConfigureAwait(false);
        _closing.Dispose();
    }

    /// <summary>A client on an established connection, without health check and log.</summary>
    internal static AgentClient On(TtrpcChannel channel, AgentConfiguration configuration) => new(channel, configuration);

    private Task<TResponse> CallAsync<TRequest, TResponse>(
        Method<TRequest, TResponse> method, TRequest request, CancellationToken cancellationToken)
        where TRequest : class
        where TResponse : class =>
        LimitedAsync(method, request, _configuration.RequestTimeout, cancellationToken);

    private Task<TResponse> WaitAsync<TRequest, TResponse>(
        Method<TRequest, TResponse> method, TRequest request, CancellationToken cancellationToken)
        where TRequest : class
        where TResponse : class =>
        LimitedAsync(method, request, Timeout.InfiniteTimeSpan, cancellationToken);

    private async Task<TResponse> LimitedAsync<TRequest, TResponse>(
        Method<TRequest, TResponse> method, TRequest request, TimeSpan limit, CancellationToken cancellationToken)
        where TRequest : class
        where TResponse : class
    {
        DateTime? deadline = limit == Timeout.InfiniteTimeSpan ? null : DateTime.UtcNow + limit;
        try
        {
            return await _channel.CallAsync(method, request, new CallOptions(deadline: deadline, cancellationToken: cancellationToken)).ConfigureAwait(false);
        }
        catch (RpcException exception) when (exception.StatusCode == StatusCode.Cancelled && cancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException($"Waiting for {method.Name} of the agent was given up.", exception, cancellationToken);
        }
        catch (RpcException exception)
        {
            throw new AgentException(method.Name, exception.Status, exception);
        }
    }
}
