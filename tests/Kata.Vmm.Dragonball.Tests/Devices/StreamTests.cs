using System.Buffers.Binary;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Kata.Abstractions;
using Kata.Virtio;
using Kata.Vmm.Dragonball.Tests.Guests;

namespace Kata.Vmm.Dragonball.Tests.Devices;

/// <summary>Debian's virtio_console, virtio-rng and vsock drivers.</summary>
[TestClass]
public sealed class StreamTests : KvmTest
{
    private const int StreamBytes = 1 << 20;

    // Ports of vsock-guest.c.
    private const uint Echo = 10;
    private const uint Sink = 11;
    private const uint Source = 12;
    private const uint Dial = 13;

    [TestMethod]
    [DataRow("bookworm")]
    [DataRow("trixie")]
    public async Task ConsoleEntropyAndVsock_CarryBytesBothWays(string suite)
    {
        var path = Path.Combine(Directory, "vsock");
        await using var guest = await DeviceGuest.StartAsync(suite, Directory, options => options with
        {
            Vsock = new VirtioVsockOptions { HybridSocketPath = path, GuestCid = 3 },
        }, "vsock-guest");

        // The console: the shell itself is on it.
        var text = string.Concat(Enumerable.Range(0, 50).Select(i => $"{i:D6} a line of the console\n"));
        StringAssert.Contains(await guest.RunAsync("seq 1 1000"), "\n999\n1000\n");
        Assert.AreEqual(text, await guest.RunAsync($"cat << 'TEXT'\n{text}TEXT"));

        TestContext.WriteLine(await guest.RunAsync("""
            test "$(cat /sys/class/misc/hw_random/rng_current)" = virtio_rng.0
            dd if=/dev/hwrng of=random bs=4k count=16 iflag=fullblock 2> /dev/null
            test "$(stat -c %s random)" = 65536
            test "$(gzip -c random | wc -c)" -gt 65000
            (vsock-guest > /dev/null 2>&1 &)
            grep virtio /proc/interrupts
            """));

        await using (var echo = await ConnectAsync(guest, Echo))
        {
            await echo.WriteAsync("there and back"u8.ToArray());
            var reply = new byte[14];
            await echo.ReadExactlyAsync(reply);
            Assert.AreEqual("there and back", Encoding.ASCII.GetString(reply));
        }

        await using (var sink = await ConnectAsync(guest, Sink))
        {
            var data = RandomNumberGenerator.GetBytes(StreamBytes);
            await sink.WriteAsync(data);
            ((NetworkStream)sink).Socket.Shutdown(SocketShutdown.Send);
            using var reader = new StreamReader(sink);
            Assert.AreEqual($"{StreamBytes} {Convert.ToHexStringLower(SHA256.HashData(data))}", await reader.ReadLineAsync());
        }

        await using (var source = await ConnectAsync(guest, Source))
        {
            var request = new byte[8];
            BinaryPrimitives.WriteUInt64LittleEndian(request, StreamBytes);
            await source.WriteAsync(request);
            var received = new byte[StreamBytes];
            await source.ReadExactlyAsync(received);
            for (var i = 0; i < StreamBytes; i++)
            {
                var at = i % (1 << 18);
                if (received[i] != (byte)((at * 31) + (at >> 8)))
                    Assert.Fail($"Byte {i} is wrong.");
            }
        }

        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint($"{path}_777"));
        listener.Listen();
        await using var dial = await ConnectAsync(guest, Dial);
        await dial.WriteAsync("777\n"u8.ToArray());
        using var accepted = await listener.AcceptAsync();
        await using var called = new NetworkStream(accepted);
        using var words = new StreamReader(called);
        Assert.AreEqual("hello", await words.ReadLineAsync());
        await called.WriteAsync("welcome\n"u8.ToArray());
        using var relayed = new StreamReader(dial);
        Assert.AreEqual("welcome", await relayed.ReadLineAsync());
    }

    /// <summary>Connects to a program that may not listen yet.</summary>
    private static async Task<Stream> ConnectAsync(DeviceGuest guest, uint port)
    {
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                return await guest.Vm.ConnectVsockAsync(port);
            }
            catch (MicroVmException e) when (e.Kind == KataErrorKind.Unavailable && attempt < 100)
            {
                await Task.Delay(50);
            }
        }
    }
}
