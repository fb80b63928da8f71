using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Kata.Linux;
using Kata.Linux.Netlink;
using Kata.Virtio;
using Kata.Vmm.Dragonball.Tests.Guests;

namespace Kata.Vmm.Dragonball.Tests.Devices;

/// <summary>Debian's virtio_net on a TAP device in a network namespace.</summary>
[TestClass]
public sealed class NetworkTests : KvmTest
{
    private const int StreamBytes = 1 << 20;
    private const ushort Mtu = 1400;
    private static readonly IPAddress s_host = IPAddress.Parse("10.1.0.1");

    [TestMethod]
    public async Task Card_WithTwoPairsOfQueues_CarriesStreamsBothWays()
    {
        if (!Environment.IsPrivilegedProcess)
            Assert.Inconclusive("needs root, for a network namespace");
        using var network = new NetworkNamespace();
        network.Run(() =>
        {
            PersistentTap.Create("tap0", multiQueue: true);
            using var configurator = new NetworkConfigurator();
            var index = configurator.ListLinks().Single(link => link.Name == "tap0").Index;
            configurator.BringUp(index, Mtu);
            configurator.AddAddress(index, s_host, 24);
            return true;
        });
        await using var guest = await DeviceGuest.StartAsync("bookworm", Directory, options => options with
        {
            NetworkNamespacePath = network.Path,
            Networks = [new() { TapName = "tap0", MacAddress = "02:00:00:00:00:02", QueuePairs = 2, Mtu = Mtu }],
        });

        var facts = await guest.RunAsync("""
            ip link set lo up; ip addr add 10.1.0.2/24 dev eth0; ip link set eth0 up
            echo "mtu: $(cat /sys/class/net/eth0/mtu)"
            echo "address: $(cat /sys/class/net/eth0/address)"
            echo "queues: $(ls /sys/class/net/eth0/queues | tr '\n' ' ')"
            for i in 1 2 3 4 5 6 7 8 9; do ping -c 1 -W 1 10.1.0.1 > /dev/null && break; done
            ping -c 3 -s 1372 10.1.0.1 | grep loss
            ping -c 2 -s 20000 10.1.0.1 | grep loss
            """);
        TestContext.WriteLine(facts);
        StringAssert.Contains(facts, $"mtu: {Mtu}\n");
        StringAssert.Contains(facts, "address: 02:00:00:00:00:02\n");
        StringAssert.Contains(facts, "queues: rx-0 rx-1 tx-0 tx-1 \n");
        StringAssert.Contains(facts, "3 packets transmitted, 3 packets received, 0% packet loss");
        StringAssert.Contains(facts, "2 packets transmitted, 2 packets received, 0% packet loss");
        StringAssert.Contains(network.RunCommand("busybox", "ping", "-c", "3", "10.1.0.2"), " 0% packet loss");

        var sent = RandomNumberGenerator.GetBytes(StreamBytes);
        using var listener = network.Run(() =>
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            socket.Bind(new IPEndPoint(s_host, 5000));
            socket.Listen();
            return socket;
        });
        for (var parallel = 1; parallel <= 2; parallel++)
        {
            var ends = Enumerable.Range(0, parallel).Select(_ => SendAsync(listener, sent)).ToList();
            var sums = await guest.RunAsync($"""
                for i in $(seq 1 {parallel}); do nc 10.1.0.1 5000 < /dev/null | sha256sum & done; wait
                """);
            await Task.WhenAll(ends);
            Assert.HasCount(parallel + 1, sums.Split(Convert.ToHexStringLower(SHA256.HashData(sent))), sums);

            var received = Enumerable.Range(0, parallel).Select(_ => ReceiveAsync(listener)).ToList();
            var sum = await guest.RunAsync($"""
                head -c {StreamBytes} /dev/urandom > data
                for i in $(seq 1 {parallel}); do nc 10.1.0.1 5000 < data & done; wait
                sha256sum < data | cut -d' ' -f1
                """);
            foreach (var end in received)
                Assert.AreEqual(sum.Trim(), await end);
        }

        TestContext.WriteLine(await guest.RunAsync("grep -H . /sys/class/net/eth0/statistics/*errors /sys/class/net/eth0/statistics/*dropped; grep virtio /proc/interrupts"));
    }

    private static async Task SendAsync(Socket listener, byte[] data)
    {
        using var socket = await listener.AcceptAsync();
        for (var sent = 0; sent < data.Length;)
            sent += await socket.SendAsync(data.AsMemory(sent));
        socket.Shutdown(SocketShutdown.Both);
    }

    private static async Task<string> ReceiveAsync(Socket listener)
    {
        using var socket = await listener.AcceptAsync();
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[1 << 16];
        while (await socket.ReceiveAsync(buffer) is var count and > 0)
            hash.AppendData(buffer, 0, count);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
