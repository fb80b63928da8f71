using System.Diagnostics;
using Grpc.Core;
using Kata.Abstractions;
using Kata.Linux;
using Kata.Protocols.Agent;
using Kata.Shim.Configuration;
using Kata.Ttrpc;
using Microsoft.Extensions.Logging;

namespace Kata.Shim.Agent;

/// <summary>Dials the agent of a booting guest until it answers.</summary>
internal sealed class AgentConnector(GuestEndpoint endpoint, AgentConfiguration configuration, Task vmExited, ILogger logger)
{
    /// <summary>An attempt that hangs (the guest's driver is up but its agent is not) is given up after this time and made again.</summary>
    private static readonly TimeSpan AttemptTimeout = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(50);

    /// <summary>Connects.</summary>
    public async Task<TtrpcChannel> ConnectAsync(CancellationToken cancellationToken)
    {
        var address = TtrpcAddress.Parse(endpoint.ForPort(configuration.ServerPort));
        using var giveUp = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        giveUp.CancelAfter(configuration.ConnectTimeout);
        var dialing = DialAsync(address, giveUp.Token);
        if (await Task.WhenAny(dialing, vmExited).ConfigureAwait(false) == vmExited && !dialing.IsCompletedSuccessfully)
        {
            await giveUp.CancelAsync().ConfigureAwait(false);
            await DiscardAsync(dialing).ConfigureAwait(false);
            var detail = vmExited is Task<VmExit> exit ? await exit.ConfigureAwait(false) is { Detail.Length: > 0 } end ? $": {end.Detail}" : "." : ".";
            throw new KataException(KataErrorKind.Unavailable, $"The virtual machine ended before its agent answered{detail}");
        }

        try
        {
            return await dialing.ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new KataException(
                KataErrorKind.Timeout,
                $"No agent answered at {address} within {configuration.ConnectTimeout.TotalSeconds:0.#} s; look at the guest's console in the log "
                + "(hypervisor key enable_debug), or raise reconnect_timeout_ms in the agent section.");
        }
    }

    private async Task<TtrpcChannel> DialAsync(TtrpcAddress address, CancellationToken cancellationToken)
    {
        var began = Stopwatch.GetTimestamp();
        var options = new TtrpcChannelOptions { ConnectTimeout = AttemptTimeout, Logger = logger };
        var pause = configuration.DialTimeout < LongestPause ? configuration.DialTimeout : LongestPause;
        for (var attempt = 1; ; attempt++)
        {
            if (await TryAsync(address, options, cancellationToken).ConfigureAwait(false) is { } channel)
            {
                AgentLog.Connected(logger, address, attempt, (long)Stopwatch.GetElapsedTime(began).TotalMilliseconds);
                return channel;
            }

            await Task.Delay(pause, cancellationToken).ConfigureAwait(false);
            pause = pause * 1.25 < LongestPause ? pause * 1.25 : LongestPause;
        }
    }

    /// <summary>One attempt; null when nobody answers yet.</summary>
    private static async Task<TtrpcChannel?> TryAsync(TtrpcAddress address, TtrpcChannelOptions options, CancellationToken cancellationToken)
    {
        TtrpcChannel? channel = null;
        try
        {
            channel = await TtrpcChannel.ConnectAsync(address, options, cancellationToken).ConfigureAwait(false);
            var call = new CallOptions(deadline: DateTime.UtcNow + AttemptTimeout, cancellationToken: cancellationToken);
            var health = await channel.CallAsync(Health.Methods.Check, new CheckRequest(), call).ConfigureAwait(false);
            if (health.Status == HealthCheckResponse.Types.ServingStatus.Serving)
                return Interlocked.Exchange(ref channel, null);
        }
        catch (Exception exception) when (exception is LinuxException or IOException or TimeoutException or RpcException)
        {
            cancellationToken.ThrowIfCancellationRequested();
        }
        finally
        {
            if (channel is not null)
                await channel.DisposeAsync().ConfigureAwait(false);
        }

        return null;
    }

    private static async Task DiscardAsync(Task<TtrpcChannel> dialing)
    {
        try
        {
            await (await dialing.ConfigureAwait(false)).DisposeAsync().ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // That is how it was asked to end.
        }
    }
}
