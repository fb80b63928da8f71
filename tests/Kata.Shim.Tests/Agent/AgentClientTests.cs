using System.Text;
using Grpc.Core;
using Kata.Abstractions;
using Kata.Protocols.Agent;
using Kata.Shim.Agent;
using Kata.Shim.Configuration;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Kata.Shim.Tests.Agent;

[TestClass]
public sealed class AgentClientTests
{
    private static readonly Task Never = new TaskCompletionSource().Task;

    private readonly string _directory = Directory.CreateTempSubdirectory("kata-agent-").FullName;
    private FakeGuest _guest = null!;

    [TestInitialize]
    public void Initialize() => _guest = new FakeGuest($"{_directory}/vsock");

    [TestCleanup]
    public async Task CleanUp()
    {
        await _guest.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }

    [TestMethod]
    public async Task Connect_GuestBootsLater_WaitsForIt()
    {
        _guest.Refusals = 3;
        _guest.NotServing = 2;
        var connecting = ConnectAsync();
        await Task.Delay(20);
        Assert.IsFalse(connecting.IsCompleted);
        _guest.Listen();
        await using var client = await connecting;
        Assert.IsTrue(await client.CheckHealthAsync(CancellationToken.None));
        Assert.AreEqual("1.2.3", (await client.GetVersionAsync(CancellationToken.None)).AgentVersion);
        Assert.IsFalse(client.Disconnected.IsCompleted);
    }

    [TestMethod]
    public async Task Connect_VmEnds_FailsAtOnceWithItsLastWords()
    {
        var exited = new TaskCompletionSource<VmExit>();
        var connecting = ConnectAsync(vmExited: exited.Task);
        exited.SetResult(new VmExit(VmExitReason.VmmFailure, 1, "qemu: no kernel"));
        var exception = await Assert.ThrowsExactlyAsync<KataException>(() => connecting);
        Assert.AreEqual(KataErrorKind.Unavailable, exception.Kind);
        Assert.AreEqual("The virtual machine ended before its agent answered: qemu: no kernel", exception.Message);
    }

    [TestMethod]
    public async Task Connect_NobodyAnswers_TimesOutWithAHint()
    {
        var exception = await Assert.ThrowsExactlyAsync<KataException>(() => ConnectAsync(new AgentConfiguration { ConnectTimeout = TimeSpan.FromMilliseconds(500) }));
        Assert.AreEqual(KataErrorKind.Timeout, exception.Kind);
        StringAssert.Contains(exception.Message, "within 0.5 s");
    }

    [TestMethod]
    public async Task Connect_Cancelled_StopsAtOnce()
    {
        using var cancel = new CancellationTokenSource();
        var connecting = ConnectAsync(cancellationToken: cancel.Token);
        await cancel.CancelAsync();
        await Assert.ThrowsAsync<OperationCanceledException>(() => connecting);
    }

    [TestMethod]
    [DataRow(StatusCode.NotFound, KataErrorKind.NotFound)]
    [DataRow(StatusCode.InvalidArgument, KataErrorKind.InvalidArgument)]
    [DataRow(StatusCode.Internal, KataErrorKind.Internal)]
    [DataRow(StatusCode.Unimplemented, KataErrorKind.NotSupported)]
    [DataRow(StatusCode.PermissionDenied, KataErrorKind.FailedPrecondition)]
    [DataRow(StatusCode.Unknown, KataErrorKind.Internal)]
    public async Task Call_Refused_CarriesKindAndTheAgentsWords(StatusCode code, KataErrorKind kind)
    {
        _guest.Listen();
        _guest.Failure = new Status(code, "no such container c1");
        await using var client = await ConnectAsync();
        var exception = await Assert.ThrowsExactlyAsync<AgentException>(() => client.StartContainerAsync(new StartContainerRequest(), CancellationToken.None));
        Assert.AreEqual((kind, code, "StartContainer"), (exception.Kind, exception.StatusCode, exception.Call));
        Assert.AreEqual("The agent in the guest refused StartContainer: no such container c1", exception.Message);
    }

    [TestMethod]
    public async Task Call_Limits_ApplyToAllButWaits()
    {
        _guest.Listen();
        await using var client = await ConnectAsync(new AgentConfiguration { RequestTimeout = TimeSpan.FromSeconds(20) });
        await client.StartContainerAsync(new StartContainerRequest(), CancellationToken.None);
        Assert.AreEqual(7, (await client.WaitProcessAsync(new WaitProcessRequest(), CancellationToken.None)).Status);
        var left = _guest.Deadlines[0] - DateTime.UtcNow;
        Assert.IsTrue(left > TimeSpan.FromSeconds(5) && left <= TimeSpan.FromSeconds(20), $"{left}");
        Assert.AreEqual(DateTime.MaxValue, _guest.Deadlines[1]);
    }

    [TestMethod]
    public async Task Call_TooLong_TimesOut()
    {
        _guest.Listen();
        await using var client = await ConnectAsync(new AgentConfiguration { RequestTimeout = TimeSpan.FromMilliseconds(50) });
        var exception = await Assert.ThrowsExactlyAsync<AgentException>(() => client.PauseContainerAsync(new PauseContainerRequest(), CancellationToken.None));
        Assert.AreEqual(KataErrorKind.Timeout, exception.Kind);
        await client.StartContainerAsync(new StartContainerRequest(), CancellationToken.None);
    }

    [TestMethod]
    public async Task Call_CancelledWait_IsCancelled()
    {
        _guest.Listen();
        await using var client = await ConnectAsync();
        using var cancel = new CancellationTokenSource();
        var waiting = client.WaitProcessAsync(new WaitProcessRequest { ExecId = "endless" }, cancel.Token);
        await cancel.CancelAsync();
        await Assert.ThrowsAsync<OperationCanceledException>(() => waiting);
    }

    [TestMethod]
    public async Task Disconnected_ConnectionLost_PendingCallsFailAtOnce()
    {
        _guest.Listen();
        await using var client = await ConnectAsync();
        var waiting = client.WaitProcessAsync(new WaitProcessRequest { ExecId = "endless" }, CancellationToken.None);
        await _guest.DropAsync();
        var exception = await Assert.ThrowsExactlyAsync<AgentException>(() => waiting);
        Assert.IsTrue(exception.IsConnectionLost);
        await client.Disconnected.WaitAsync(TimeSpan.FromSeconds(10));
    }

    [TestMethod]
    public async Task Log_JsonAndOtherLines_ReachTheLoggerWithTheirLevels()
    {
        _guest.LogText = [.. Encoding.UTF8.GetBytes("{\"msg\":\"hello\",\"level\":\"WARN\"}\nplain text\n{\"level\":\"ERRO\"}\n"), (byte)'{', 0xff, (byte)'\n'];
        _guest.Listen();
        var logger = new ListLogger();
        await using var client = await ConnectAsync(logger: logger);
        await Resources.Fakes.Host.UntilAsync(() => logger.Count >= 5, "log lines are missing");
        var lines = logger.Lines().Where(line => line.Message.StartsWith("agent:", StringComparison.Ordinal)).ToList();
        Assert.AreEqual((LogLevel.Warning, "agent: {\"msg\":\"hello\",\"level\":\"WARN\"}"), lines[0]);
        Assert.AreEqual((LogLevel.Information, "agent: plain text"), lines[1]);
        Assert.AreEqual(LogLevel.Error, lines[2].Level);
        Assert.HasCount(4, lines);
    }

    [TestMethod]
    public async Task Log_EndlessLine_IsCutAndSkipped()
    {
        var logger = new ListLogger();
        using var stream = new MemoryStream([.. Enumerable.Repeat((byte)'x', 100_000), (byte)'\n', .. "next\n"u8.ToArray()]);
        await AgentLogForwarder.CopyAsync(buffer => stream.ReadAsync(buffer), logger);
        Assert.AreEqual(2, logger.Count);
        Assert.IsLessThan(17_000, logger.Lines()[0].Message.Length);
        Assert.AreEqual("agent: next", logger.Lines()[1].Message);
    }

    private Task<AgentClient> ConnectAsync(
        AgentConfiguration? configuration = null, Task? vmExited = null, ILogger? logger = null, CancellationToken cancellationToken = default) =>
        AgentClient.ConnectAsync(
            new HybridVsockGuestEndpoint($"{_directory}/vsock"), configuration ?? new AgentConfiguration(), vmExited ?? Never, logger ?? NullLogger.Instance, cancellationToken)
            .AsTask();

    private sealed class ListLogger : ILogger
    {
        private readonly List<(LogLevel Level, string Message)> _lines = [];

        public int Count
        {
            get
            {
                lock (_lines)
                    return _lines.Count;
            }
        }

        public List<(LogLevel Level, string Message)> Lines()
        {
            lock (_lines)
                return [.. _lines];
        }

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            lock (_lines)
                _lines.Add((logLevel, formatter(state, exception)));
        }
    }
}
