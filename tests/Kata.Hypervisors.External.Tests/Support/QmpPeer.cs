using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Kata.Hypervisors.External.Qemu;
using Kata.Hypervisors.External.Qemu.Qmp;
using Kata.Linux;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Win32.SafeHandles;

namespace Kata.Hypervisors.External.Tests.Support;

/// <summary>Plays QEMU's part of a QMP connection.</summary>
internal sealed class QmpPeer : IDisposable
{
    public const string Greeting = """{"QMP": {"version": {"qemu": {"micro": 22, "minor": 2, "major": 7}, "package": "Debian"}, "capabilities": ["oob"]}}""";

    private readonly Socket _socket;
    private readonly StreamReader _reader;

    public QmpPeer()
    {
        (ClientEnd, var far) = UnixSocket.Pair();
        _socket = SocketAdapter.Adopt(far);
        _reader = new StreamReader(new NetworkStream(_socket));
    }

    public SafeFileHandle ClientEnd { get; }

    public List<QmpEvent> Events { get; } = [];

    /// <summary>Greets and lets the client negotiate.</summary>
    public async Task<QmpClient> AcceptAsync(TimeSpan? timeout = null)
    {
        var connecting = ConnectAsync(timeout);
        await SendAsync(Greeting);
        Assert.AreEqual("qmp_capabilities", (await ReceiveAsync()).GetProperty("execute").GetString());
        await SendAsync("""{"return": {}, "id": 1}""");
        return await connecting;
    }

    public Task<QmpClient> ConnectAsync(TimeSpan? timeout = null) => QmpClient.ConnectAsync(
        ClientEnd, Events.Add, NullLogger.Instance, TimeProvider.System, timeout ?? TimeSpan.FromSeconds(30), CancellationToken.None);

    public async Task SendAsync(string text, string end = "\r\n")
    {
        ReadOnlyMemory<byte> bytes = Encoding.UTF8.GetBytes(text + end);
        while (!bytes.IsEmpty)
            bytes = bytes[await _socket.SendAsync(bytes)..];
    }

    public async Task<JsonElement> ReceiveAsync()
    {
        using var document = JsonDocument.Parse(await _reader.ReadLineAsync() ?? "{}");
        return document.RootElement.Clone();
    }

    /// <summary>Receives a command with its descriptors.</summary>
    public (string Text, List<SafeFileHandle> Descriptors) ReceiveWithDescriptors()
    {
        var descriptors = new List<SafeFileHandle>();
        var buffer = new byte[4096];
        _socket.Blocking = true;
        FileDescriptors.Poll(_socket.SafeHandle, PollEvents.Readable, TimeSpan.FromSeconds(30));
        var count = UnixSocket.Receive(_socket.SafeHandle, buffer, descriptors);
        return (Encoding.UTF8.GetString(buffer, 0, count), descriptors);
    }

    public void Dispose()
    {
        _reader.Dispose();
        _socket.Dispose();
    }
}
