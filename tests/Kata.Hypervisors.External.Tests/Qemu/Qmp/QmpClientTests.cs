using System.Text.Json.Nodes;
using Kata.Abstractions;
using Kata.Hypervisors.External.Qemu.Qmp;
using Kata.Hypervisors.External.Tests.Support;
using Kata.Linux;

namespace Kata.Hypervisors.External.Tests.Qemu.Qmp;

[TestClass]
public sealed class QmpClientTests
{
    [TestMethod]
    public async Task ExecuteAsync_AnswersAndEventsMixed_EachArrives()
    {
        using var peer = new QmpPeer();
        await using var client = await peer.AcceptAsync();
        var awaited = client.NextEventAsync(@event => @event.Text("device") == "d1");
        var first = client.ExecuteAsync("query-cpus-fast", QmpJson.Default.VcpuInfoArray);
        var command = await peer.ReceiveAsync();
        Assert.AreEqual("query-cpus-fast", command.GetProperty("execute").GetString());
        Assert.IsFalse(command.TryGetProperty("arguments", out _));
        await peer.SendAsync("""{"timestamp": {"seconds": 1, "microseconds": 2}, "event": "RESUME"}""");
        await peer.SendAsync("""{"event": "DEVICE_DELETED", "data": {"device": "d1", "path": "/x"}}""");
        // In two pieces, with an answer to something long given up before it.
        await peer.SendAsync("""{"return": 7, "id": 1}""" + "\n{\"return\": [{\"cpu-index\": 0, \"thread-", end: "");
        await peer.SendAsync($"id\": 42, \"target\": \"x86_64\"}}], \"id\": {command.GetProperty("id").GetUInt64()}}}");
        Assert.AreEqual(new VcpuInfo(0, 42), (await first).Single());
        Assert.AreEqual("DEVICE_DELETED", (await awaited).Name);
        CollectionAssert.AreEqual((string[])["RESUME", "DEVICE_DELETED"], peer.Events.Select(@event => @event.Name).ToArray());
    }

    [TestMethod]
    public async Task ExecuteAsync_Refused_TellsCommandAndReason()
    {
        using var peer = new QmpPeer();
        await using var client = await peer.AcceptAsync();
        var command = client.ExecuteAsync("device_add", new JsonObject { ["id"] = "a \"quoted\" name" });
        var received = await peer.ReceiveAsync();
        Assert.AreEqual("a \"quoted\" name", received.GetProperty("arguments").GetProperty("id").GetString());
        await peer.SendAsync("""{"error": {"class": "GenericError", "desc": "no such bus"}, "id": 2}""");
        var error = await Assert.ThrowsExactlyAsync<QmpException>(() => command);
        Assert.AreEqual("QEMU refused device_add: no such bus", error.Message);
        Assert.AreEqual("GenericError", error.ErrorClass);
    }

    [TestMethod]
    public async Task ExecuteAsync_WithDescriptors_SendsThemAlong()
    {
        using var peer = new QmpPeer();
        await using var client = await peer.AcceptAsync();
        using var memory = FileDescriptors.Memory("test", 123);
        var command = client.ExecuteAsync("add-fd", null, [memory]);
        var (text, descriptors) = peer.ReceiveWithDescriptors();
        StringAssert.Contains(text, "add-fd", StringComparison.Ordinal);
        Assert.AreEqual(123, FileDescriptors.Status(descriptors.Single()).Size);
        descriptors[0].Dispose();
        await peer.SendAsync("""{"return": {"fd": 9, "fdset-id": 1}, "id": 2}""");
        Assert.AreEqual(9, (await command).GetProperty("fd").GetInt32());
    }

    [TestMethod]
    public async Task PeerGone_EverythingPendingFailsAtOnce()
    {
        using var peer = new QmpPeer();
        await using var client = await peer.AcceptAsync();
        var command = client.ExecuteAsync("stop");
        var queued = client.ExecuteAsync("cont");
        var awaited = client.NextEventAsync(_ => true);
        await peer.ReceiveAsync();
        peer.Dispose();
        foreach (var pending in (Task[])[command, queued, awaited, client.ExecuteAsync("stop"), client.NextEventAsync(_ => true)])
        {
            var error = await Assert.ThrowsExactlyAsync<HypervisorException>(() => pending.WaitAsync(TimeSpan.FromSeconds(10)));
            Assert.AreEqual(KataErrorKind.Unavailable, error.Kind);
        }

        await client.Closed;
    }

    [TestMethod]
    [DataRow("this is not JSON")]
    [DataRow("[1]")]
    [DataRow("{\"id\": 2}")]
    [DataRow("{\"return\": {}, \"id\": -1}")]
    public async Task Nonsense_EndsTheConnection(string nonsense)
    {
        using var peer = new QmpPeer();
        await using var client = await peer.AcceptAsync();
        var command = client.ExecuteAsync("stop");
        await peer.ReceiveAsync();
        await peer.SendAsync(nonsense);
        var error = await Assert.ThrowsExactlyAsync<HypervisorException>(() => command.WaitAsync(TimeSpan.FromSeconds(10)));
        StringAssert.Contains(error.Message, "not QMP", StringComparison.Ordinal);
    }

    [TestMethod]
    public async Task EndlessLine_EndsTheConnection()
    {
        using var peer = new QmpPeer();
        await using var client = await peer.AcceptAsync();
        try
        {
            await peer.SendAsync(new string('x', (1 << 20) + 1), end: "");
        }
        catch (System.Net.Sockets.SocketException)
        {
            // Closed before the end.
        }

        await client.Closed.WaitAsync(TimeSpan.FromSeconds(10));
        await Assert.ThrowsExactlyAsync<HypervisorException>(() => client.ExecuteAsync("stop"));
    }

    [TestMethod]
    public async Task ExecuteAsync_NoAnswer_TimesOutAndTheNextOneWorks()
    {
        using var peer = new QmpPeer();
        await using var client = await peer.AcceptAsync(TimeSpan.FromMilliseconds(500));
        var late = await Assert.ThrowsExactlyAsync<HypervisorException>(() => client.ExecuteAsync("stop"));
        Assert.AreEqual(KataErrorKind.Timeout, late.Kind);
        await peer.ReceiveAsync();
        var next = client.ExecuteAsync("cont");
        Assert.AreEqual(3UL, (await peer.ReceiveAsync()).GetProperty("id").GetUInt64());
        await peer.SendAsync("""{"return": {"late": true}, "id": 2}""");
        await peer.SendAsync("""{"return": {}, "id": 3}""");
        Assert.AreEqual("{}", (await next).ToString());
    }

    [TestMethod]
    public async Task ConnectAsync_OldQemu_IsRefused()
    {
        using var peer = new QmpPeer();
        var connecting = peer.ConnectAsync();
        await peer.SendAsync("""{"QMP": {"version": {"qemu": {"micro": 0, "minor": 1, "major": 7}, "package": ""}, "capabilities": []}}""");
        StringAssert.Contains((await Assert.ThrowsExactlyAsync<HypervisorException>(() => connecting)).Message, "7.1 is too old", StringComparison.Ordinal);
    }

    [TestMethod]
    public async Task ConnectAsync_NoGreeting_TimesOut()
    {
        using var peer = new QmpPeer();
        var error = await Assert.ThrowsExactlyAsync<HypervisorException>(() => peer.ConnectAsync(TimeSpan.FromMilliseconds(100)));
        Assert.AreEqual(KataErrorKind.Timeout, error.Kind);
    }
}
