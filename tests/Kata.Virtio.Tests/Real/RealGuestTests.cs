using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Kata.Linux;
using Kata.Virtio.Tests.Support;

namespace Kata.Virtio.Tests.Real;

/// <summary>A Debian kernel's own virtio_vsock driver against the device, in an emulated machine.</summary>
[TestClass]
[TestCategory("e2e")]
public sealed class RealGuestTests
{
    private static readonly ConcurrentDictionary<string, Lazy<Task<QemuGuest>>> Guests = new();

    public TestContext TestContext { get; set; } = null!;

    private CancellationToken Cancellation => TestContext.CancellationToken;

    [ClassCleanup]
    public static async Task Stop()
    {
        foreach (var guest in Guests.Values.Where(guest => guest.Value.IsCompletedSuccessfully))
            await (await guest.Value).DisposeAsync();
    }

    [TestMethod]
    [DataRow("bookworm")]
    [DataRow("trixie")]
    [Timeout(120_000, CooperativeCancellation = true)]
    public async Task Echo_SmallMessages_ComeBack(string suite)
    {
        var guest = await GetGuestAsync(suite);
        using var socket = await HybridClient.ConnectAsync(guest.SocketPath, QemuGuest.Echo, Cancellation);
        var reply = new byte[64];
        for (var i = 0; i < 50; i++)
        {
            var text = Encoding.ASCII.GetBytes($"message {i}");
            await HybridClient.SendAllAsync(socket, text, Cancellation);
            await HybridClient.ReceiveExactlyAsync(socket, reply.AsMemory(0, text.Length), Cancellation);
            CollectionAssert.AreEqual(text, reply[..text.Length]);
        }
    }

    [TestMethod]
    [DataRow("bookworm", 100)]
    [DataRow("trixie", 20)]
    [Timeout(300_000, CooperativeCancellation = true)]
    public async Task HostToGuest_Mebibytes_ArriveWhole(string suite, int mebibytes)
    {
        var bytes = mebibytes << 20;
        var guest = await GetGuestAsync(suite);
        using var socket = await HybridClient.ConnectAsync(guest.SocketPath, QemuGuest.Sink, Cancellation);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var chunk = new byte[1 << 20];
        for (var sent = 0; sent < bytes; sent += chunk.Length)
        {
            Random.Shared.NextBytes(chunk);
            hash.AppendData(chunk);
            await HybridClient.SendAllAsync(socket, chunk, Cancellation);
        }

        socket.Shutdown(SocketShutdown.Send);
        var answer = await HybridClient.ReadLineAsync(socket, Cancellation);
        Assert.AreEqual($"{bytes} {Convert.ToHexStringLower(hash.GetHashAndReset())}", answer);
    }

    [TestMethod]
    [DataRow("bookworm", 100)]
    [DataRow("trixie", 20)]
    [Timeout(300_000, CooperativeCancellation = true)]
    public async Task GuestToHost_Mebibytes_ArriveWhole(string suite, int mebibytes)
    {
        var bytes = mebibytes << 20;
        var guest = await GetGuestAsync(suite);
        using var socket = await HybridClient.ConnectAsync(guest.SocketPath, QemuGuest.Source, Cancellation);
        var request = new byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(request, (ulong)bytes);
        await HybridClient.SendAllAsync(socket, request, Cancellation);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[1 << 18];
        for (int count; (count = await HybridClient.ReceiveAsync(socket, buffer, Cancellation)) > 0;)
            hash.AppendData(buffer, 0, count);

        using var expected = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        for (var i = 0; i < buffer.Length; i++)
            buffer[i] = (byte)((i * 31) + (i >> 8));
        for (var i = 0; i < bytes; i += buffer.Length)
            expected.AppendData(buffer);
        CollectionAssert.AreEqual(expected.GetHashAndReset(), hash.GetHashAndReset());
    }

    [TestMethod]
    [DataRow("bookworm")]
    [DataRow("trixie")]
    [Timeout(120_000, CooperativeCancellation = true)]
    public async Task Connections_200AtOnce_AllEcho(string suite)
    {
        var guest = await GetGuestAsync(suite);
        await Task.WhenAll(Enumerable.Range(0, 200).Select(async i =>
        {
            using var socket = await HybridClient.ConnectAsync(guest.SocketPath, QemuGuest.Echo, Cancellation);
            var sent = new byte[5000 + i];
            Random.Shared.NextBytes(sent);
            await HybridClient.SendAllAsync(socket, sent, Cancellation);
            socket.Shutdown(SocketShutdown.Send);
            var received = new byte[sent.Length];
            await HybridClient.ReceiveExactlyAsync(socket, received, Cancellation);
            CollectionAssert.AreEqual(sent, received);
            Assert.AreEqual(0, await HybridClient.ReceiveAsync(socket, new byte[1], Cancellation));
        }));
    }

    [TestMethod]
    [DataRow("bookworm")]
    [DataRow("trixie")]
    [Timeout(60_000, CooperativeCancellation = true)]
    public async Task Shutdown_OfSending_LeavesReceivingOpen(string suite)
    {
        var guest = await GetGuestAsync(suite);
        using var socket = await HybridClient.ConnectAsync(guest.SocketPath, QemuGuest.Sink, Cancellation);
        await HybridClient.SendAllAsync(socket, "half"u8.ToArray(), Cancellation);
        socket.Shutdown(SocketShutdown.Send);
        var answer = await HybridClient.ReadLineAsync(socket, Cancellation);
        Assert.AreEqual($"4 {Convert.ToHexStringLower(SHA256.HashData("half"u8))}", answer);
        Assert.AreEqual(0, await HybridClient.ReceiveAsync(socket, new byte[1], Cancellation));
    }

    [TestMethod]
    [DataRow("bookworm")]
    [DataRow("trixie")]
    [Timeout(60_000, CooperativeCancellation = true)]
    public async Task Connect_WhereNobodyListens_IsClosedWithoutAnswer(string suite)
    {
        var guest = await GetGuestAsync(suite);
        Assert.IsNull(await HybridClient.TryConnectAsync(guest.SocketPath, 4242, Cancellation));
    }

    [TestMethod]
    [DataRow("bookworm")]
    [DataRow("trixie")]
    [Timeout(60_000, CooperativeCancellation = true)]
    public async Task GuestConnects_HostListens_StreamsBothWays(string suite)
    {
        var guest = await GetGuestAsync(suite);
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint($"{guest.SocketPath}_777"));
        listener.Listen();
        using var control = await HybridClient.ConnectAsync(guest.SocketPath, QemuGuest.Dial, Cancellation);
        await HybridClient.SendAllAsync(control, "777\n"u8.ToArray(), Cancellation);
        using var accepted = await listener.AcceptAsync(Cancellation);
        Assert.AreEqual("hello", await HybridClient.ReadLineAsync(accepted, Cancellation));
        await HybridClient.SendAllAsync(accepted, "welcome\n"u8.ToArray(), Cancellation);
        Assert.AreEqual("welcome", await HybridClient.ReadLineAsync(control, Cancellation));
    }

    [TestMethod]
    [DataRow("bookworm")]
    [DataRow("trixie")]
    [Timeout(60_000, CooperativeCancellation = true)]
    public async Task GuestConnects_NobodyListens_GuestIsRefused(string suite)
    {
        var guest = await GetGuestAsync(suite);
        using var control = await HybridClient.ConnectAsync(guest.SocketPath, QemuGuest.Dial, Cancellation);
        await HybridClient.SendAllAsync(control, "778\n"u8.ToArray(), Cancellation);
        Assert.AreEqual("error Connection reset by peer", await HybridClient.ReadLineAsync(control, Cancellation));
    }

    [TestMethod]
    [Timeout(240_000, CooperativeCancellation = true)]
    public async Task Machine_PausedRebootedAndKilled_StreamsFollow()
    {
        await using var guest = await QemuGuest.StartAsync("bookworm");
        var buffer = new byte[1 << 16];
        using (var echo = await guest.ConnectWhenReadyAsync(QemuGuest.Echo, Cancellation))
        {
            // A pause is invisible but for the time it takes.
            await guest.ControlAsync(Cancellation, "stop");
            await HybridClient.SendAllAsync(echo, "paused"u8.ToArray(), Cancellation);
            await guest.ControlAsync(Cancellation, "cont");
            await HybridClient.ReceiveExactlyAsync(echo, buffer.AsMemory(0, 6), Cancellation);

            // A reboot ends the streams when the new driver comes up.
            await guest.ControlAsync(Cancellation, "system_reset");
            Assert.AreEqual(0, await HybridClient.ReceiveAsync(echo, buffer, Cancellation));
        }

        using var source = await guest.ConnectWhenReadyAsync(QemuGuest.Source, Cancellation);
        await HybridClient.SendAllAsync(source, Enumerable.Repeat((byte)0x7f, 8).ToArray(), Cancellation);
        await HybridClient.ReceiveExactlyAsync(source, buffer, Cancellation);
        guest.Qemu.Kill(Signal.SIGKILL);
        while (await HybridClient.ReceiveAsync(source, buffer, Cancellation) > 0)
        {
        }

        await guest.Qemu.Exited;
        Assert.IsFalse(guest.Vsock.Completed.IsCompleted, "The device waits for the next VMM.");
    }

    private async Task<QemuGuest> GetGuestAsync(string suite)
    {
        var guest = await Guests.GetOrAdd(suite, key => new(() => QemuGuest.StartAsync(key))).Value;
        // Held by the device until the guest's driver is up, then refused until its last service listens.
        (await guest.ConnectWhenReadyAsync(QemuGuest.Power - 1, Cancellation)).Dispose();
        return guest;
    }
}
