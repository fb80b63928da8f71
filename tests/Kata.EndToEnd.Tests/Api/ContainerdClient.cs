using System.Net.Sockets;
using Grpc.Core.Interceptors;
using Grpc.Net.Client;
using Kata.EndToEnd.Tests.Api.Containers;
using Kata.EndToEnd.Tests.Api.Events;
using Kata.EndToEnd.Tests.Api.Snapshots;
using Kata.EndToEnd.Tests.Api.Tasks;

namespace Kata.EndToEnd.Tests.Api;

/// <summary>containerd's gRPC API over its unix socket, in one containerd namespace.</summary>
internal sealed class ContainerdClient : IDisposable
{
    private readonly GrpcChannel _channel;

    public ContainerdClient(string socketPath, string containerdNamespace)
    {
        _channel = GrpcChannel.ForAddress("http://containerd", new GrpcChannelOptions
        {
            HttpHandler = new SocketsHttpHandler
            {
                ConnectCallback = async (_, cancellation) =>
                {
                    var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                    try
                    {
                        await socket.ConnectAsync(new UnixDomainSocketEndPoint(socketPath), cancellation);
                        return new NetworkStream(socket, ownsSocket: true);
                    }
                    catch
                    {
                        socket.Dispose();
                        throw;
                    }
                },
            },
            DisposeHttpClient = true,
        });
        var invoker = _channel.CreateCallInvoker().Intercept(metadata =>
        {
            metadata.Add("containerd-namespace", containerdNamespace);
            return metadata;
        });
        Tasks = new(invoker);
        Containers = new(invoker);
        Snapshots = new(invoker);
        Events = new(invoker);
        Version = new(invoker);
    }

    public Tasks.Tasks.TasksClient Tasks { get; }

    public Containers.Containers.ContainersClient Containers { get; }

    public Snapshots.Snapshots.SnapshotsClient Snapshots { get; }

    public Events.Events.EventsClient Events { get; }

    public Versions.Version.VersionClient Version { get; }

    public void Dispose() => _channel.Dispose();
}
