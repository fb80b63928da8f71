using System.Net.Sockets;
using Kata.Abstractions;
using Kata.Hypervisors.External.Tests.Support;
using Kata.Linux;

namespace Kata.Hypervisors.External.Tests.Qemu.Boot;

/// <summary>The guest that ships with this project, up to the point where its agent answers on vsock.</summary>
[TestClass]
[DoNotParallelize]
public sealed class QemuAgentTests
{
    private const int AgentPort = 1024;

    public TestContext TestContext { get; set; } = null!;

    [TestMethod]
    [DataRow("q35")]
    [DataRow("microvm")]
    public async Task GuestEndpoint_AgentListens_AcceptsConnections(string machine)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(TestContext.CancellationToken);
        timeout.CancelAfter(TimeSpan.FromMinutes(2));
        var cancellationToken = timeout.Token;
        await using var vm = TestVm.Create(
            "cgroup_no_v1=all systemd.unified_cgroup_hierarchy=1",
            configuration => configuration with { MachineType = machine, Initrd = TestGuest.AgentInitrd, MemoryMib = 512 });
        await vm.StartAsync(cancellationToken);
        var answer = vm.Hypervisor.GuestEndpoint switch
        {
            HybridVsockGuestEndpoint hybrid => await ConnectAsync(hybrid.SocketPath, cancellationToken),
            VsockGuestEndpoint vsock => await ConnectAsync(vsock.Cid, cancellationToken),
            var other => throw new InvalidOperationException(other.ToString()),
        };
        StringAssert.StartsWith(answer, "OK", StringComparison.Ordinal);
        await vm.Hypervisor.StopAsync(TimeSpan.FromSeconds(10), cancellationToken);
    }

    private static async Task<string> ConnectAsync(string path, CancellationToken cancellationToken)
    {
        while (true)
        {
            using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellationToken);
            using var stream = new NetworkStream(socket);
            await stream.WriteAsync("CONNECT 1024\n"u8.ToArray(), cancellationToken);
            // The device holds the line until the guest's driver is up, and closes while nobody listens in the guest.
            using var reader = new StreamReader(stream);
            if (await reader.ReadLineAsync(cancellationToken) is { } answer)
                return answer;
            await Task.Delay(100, cancellationToken);
        }
    }

    private static async Task<string> ConnectAsync(uint cid, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                using var connection = await Task.Run(() => Vsock.Connect(cid, AgentPort), cancellationToken);
                return "OK";
            }
            catch (LinuxException)
            {
                await Task.Delay(100, cancellationToken);
            }
        }
    }
}
