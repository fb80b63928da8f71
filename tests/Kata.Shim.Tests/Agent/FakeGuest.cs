using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Grpc.Core;
using Kata.Protocols.Agent;
using Kata.Ttrpc;
using Empty = Google.Protobuf.WellKnownTypes.Empty;

namespace Kata.Shim.Tests.Agent;

/// <summary>A guest behind a hybrid vsock: answers <c>CONNECT</c> and serves an agent that does little.</summary>
internal sealed class FakeGuest : AgentService.AgentServiceBase, IAsyncDisposable
{
    private readonly string _path;
    private readonly TtrpcServer _server = new();
    private readonly CancellationTokenSource _end = new();
    private readonly List<Socket> _sockets = [];
    private Socket? _listener;
    private Task _accepting = Task.CompletedTask;

    public FakeGuest(string path)
    {
        _path = path;
        AgentService.BindService(_server.Services, this);
        Health.BindService(_server.Services, new FakeGuestHealth(this));
    }

    /// <summary>CONNECTs to be refused before one is accepted.</summary>
    public int Refusals { get; set; }

    /// <summary>Health checks to be answered "not serving" before the agent serves.</summary>
    public int NotServing { get; set; }

    /// <summary>What is sent on the log port.</summary>
    public byte[] LogText { get; set; } = [];

    /// <summary>The failure of StartContainer.</summary>
    public Status Failure { get; set; } = Status.DefaultSuccess;

    /// <summary>Time limits the agent saw.</summary>
    public List<DateTime> Deadlines { get; } = [];

    /// <summary>The VMM listens on the socket from now on.</summary>
    public void Listen()
    {
        _listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        _listener.Bind(new UnixDomainSocketEndPoint(_path));
        _listener.Listen();
        _accepting = AcceptAsync();
    }

    /// <summary>Drops all connections, as a dying VM does.</summary>
    public async Task DropAsync() => await _server.DisposeAsync();

    public override Task<Empty> StartContainer(StartContainerRequest request, ServerCallContext context)
    {
        Deadlines.Add(context.Deadline);
        return Failure.StatusCode == StatusCode.OK ? Task.FromResult(new Empty()) : throw new RpcException(Failure);
    }

    public override async Task<WaitProcessResponse> WaitProcess(WaitProcessRequest request, ServerCallContext context)
    {
        Deadlines.Add(context.Deadline);
        if (request.ExecId == "endless")
            await Task.Delay(Timeout.Infinite, context.CancellationToken);
        return new WaitProcessResponse { Status = 7 };
    }

    public override async Task<Empty> PauseContainer(PauseContainerRequest request, ServerCallContext context)
    {
        await Task.Delay(Timeout.Infinite, context.CancellationToken);
        return new Empty();
    }

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        _listener?.Dispose();
        await _accepting;
        _sockets.ForEach(socket => socket.Dispose());
        await _server.DisposeAsync();
        _end.Dispose();
        File.Delete(_path);
    }

    private async Task AcceptAsync()
    {
        while (!_end.IsCancellationRequested)
        {
            try
            {
                await GreetAsync(await _listener!.AcceptAsync(_end.Token));
            }
            catch (Exception exception) when (exception is OperationCanceledException or SocketException)
            {
                // The end of the test, or of the peer.
            }
        }
    }

    private async Task GreetAsync(Socket socket)
    {
        _sockets.Add(socket);
        var line = new StringBuilder();
        var one = new byte[1];
        while (await socket.ReceiveAsync(one, _end.Token) == 1 && one[0] != '\n')
            line.Append((char)one[0]);
        if (one[0] != '\n')
            return; // The client left before it said what it wants.
        var port = int.Parse(line.ToString()["CONNECT ".Length..], CultureInfo.InvariantCulture);
        if ((port == 1024 && Refusals-- > 0) || (port == 1025 && LogText.Length == 0))
        {
            socket.Dispose();
            return;
        }

        await socket.SendAsync(Encoding.ASCII.GetBytes("OK 1073741824\n"), _end.Token);
        if (port == 1024)
            _server.Serve(new NetworkStream(socket, ownsSocket: true));
        else
            await socket.SendAsync(LogText, _end.Token);
    }

    private sealed class FakeGuestHealth(FakeGuest guest) : Health.HealthBase
    {
        public override Task<HealthCheckResponse> Check(CheckRequest request, ServerCallContext context) => Task.FromResult(new HealthCheckResponse
        {
            Status = guest.NotServing-- > 0 ? HealthCheckResponse.Types.ServingStatus.NotServing : HealthCheckResponse.Types.ServingStatus.Serving,
        });

        public override Task<VersionCheckResponse> Version(CheckRequest request, ServerCallContext context) =>
            Task.FromResult(new VersionCheckResponse { AgentVersion = "1.2.3" });
    }
}
