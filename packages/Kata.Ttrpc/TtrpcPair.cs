using Grpc.Core;
using Kata.Linux;

namespace Kata.Ttrpc;

/// <summary>A server and a channel to it over an unnamed socket pair: for tests, and for services within one process.</summary>
public sealed class TtrpcPair : IAsyncDisposable
{
    private TtrpcPair(TtrpcServer server, TtrpcChannel channel) => (Server, Channel) = (server, channel);

    /// <summary>The serving end.</summary>
    public TtrpcServer Server { get; }

    /// <summary>The calling end.</summary>
    public TtrpcChannel Channel { get; }

    /// <summary>Makes a connected pair.</summary>
    /// <param name="bind">Binds the services, e.g. <c>binder => Echo.BindService(binder, new EchoService())</c>.</param>
    public static TtrpcPair Create(
        Action<ServiceBinderBase>? bind = null, TtrpcServerOptions? serverOptions = null, TtrpcChannelOptions? channelOptions = null)
    {
        var server = new TtrpcServer(serverOptions);
        bind?.Invoke(server.Services);
        return new TtrpcPair(server, Connect(server, channelOptions));
    }

    /// <summary>Opens one more connection to a server of this process.</summary>
    public static TtrpcChannel Connect(TtrpcServer server, TtrpcChannelOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(server);
        var (near, far) = UnixSocket.Pair();
        server.Serve(far);
        return TtrpcChannel.FromHandle(near, options);
    }

    /// <summary>Ends both.</summary>
    public async ValueTask DisposeAsync()
    {
        await Channel.DisposeAsync().ConfigureAwait(false);
        await Server.DisposeAsync().ConfigureAwait(false);
    }
}
