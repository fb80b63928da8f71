using System.Buffers.Binary;
using System.Diagnostics;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Kata.Virtio.Network;
using Kata.Virtio.Tests.Network;

namespace Kata.Virtio.Tests.Real;

/// <summary>A Debian kernel's own virtio_net driver in an emulated machine against the network device, with TCP of the host's kernel.</summary>
[TestClass]
[TestCategory("e2e")]
public sealed class NetworkGuestTests
{
    private const int Bytes = 64 << 20;

    public TestContext TestContext { get; set; } = null!;

    [TestMethod]
    [DataRow("bookworm")]
    [DataRow("trixie")]
    [Timeout(300_000, CooperativeCancellation = true)]
    public async Task Tcp_BothWays_ArrivesWhole(string suite)
    {
        var (kernel, initrd) = await GuestImage.GetAsync(suite);
        NetworkMachine.InNewNamespace(() =>
        {
            using var guest = new NetworkGuest(kernel, initrd);
            using (var echo = guest.Connect(QemuGuest.Echo))
            {
                var reply = new byte[5];
                for (var i = 0; i < 100; i++)
                {
                    echo.Send("hello"u8);
                    for (var count = 0; count < reply.Length;)
                        count += echo.Receive(reply, count, reply.Length - count, SocketFlags.None);
                    Assert.IsTrue(reply.AsSpan().SequenceEqual("hello"u8));
                }
            }

            const ulong Expected = NetworkFeatures.MergeableBuffers | NetworkFeatures.HostChecksum
                | NetworkFeatures.HostTcp4 | NetworkFeatures.GuestTcp4;
            Assert.AreEqual(Expected, guest.Negotiated & Expected, $"{guest.Negotiated:x}");
            Report("to guest", () => SendAll(guest));
            Report("to host", () => ReceiveAll(guest));
            Assert.IsFalse(guest.Logger.Lines.Any(line => line.StartsWith("Error", StringComparison.Ordinal)), guest.Logger.ToString());
        });
    }

    private static void SendAll(NetworkGuest guest)
    {
        using var socket = guest.Connect(QemuGuest.Sink);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var chunk = new byte[1 << 20];
        for (var sent = 0; sent < Bytes; sent += chunk.Length)
        {
            Random.Shared.NextBytes(chunk);
            hash.AppendData(chunk);
            for (var done = 0; done < chunk.Length;)
                done += socket.Send(chunk, done, chunk.Length - done, SocketFlags.None);
        }

        socket.Shutdown(SocketShutdown.Send);
        var answer = new byte[200];
        var length = 0;
        for (int count; (count = socket.Receive(answer, length, answer.Length - length, SocketFlags.None)) > 0;)
            length += count;
        Assert.AreEqual($"{Bytes} {Convert.ToHexStringLower(hash.GetHashAndReset())}\n", Encoding.ASCII.GetString(answer, 0, length));
    }

    private static void ReceiveAll(NetworkGuest guest)
    {
        using var socket = guest.Connect(QemuGuest.Source);
        var request = new byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(request, Bytes);
        socket.Send(request);
        var buffer = new byte[256 * 1024];
        long received = 0;
        for (int count; (count = socket.Receive(buffer)) > 0; received += count)
        {
            for (var i = 0; i < count; i++)
            {
                var at = (int)((received + i) % buffer.Length);
                Assert.AreEqual((byte)((at * 31) + (at >> 8)), buffer[i]);
            }
        }

        Assert.AreEqual(Bytes, received);
    }

    private void Report(string direction, Action transfer)
    {
        var started = Stopwatch.GetTimestamp();
        transfer();
        TestContext.WriteLine($"{direction}: {Bytes / Stopwatch.GetElapsedTime(started).TotalSeconds / 1e6:0} MB/s");
    }
}
