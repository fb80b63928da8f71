using System.Security.Cryptography;
using Kata.EndToEnd.Tests.Harness;
using Kata.Protocols.Oci;

namespace Kata.EndToEnd.Tests.Scenarios;

/// <summary>The interface of the pod's network namespace is the container's.</summary>
[TestClass]
public sealed class NetworkTests : ScenarioTest
{
    private const int StreamBytes = 256 << 10;

    [TestMethod]
    [TestCategory(ForLab)]
    public async Task Interface_OfThePod_CarriesStreamsBothWays()
    {
        RequireVm();
        await using var network = await PodNetwork.CreateAsync(Host);
        string served = Directory.CreateDirectory(Path.Combine(Host.TemporaryDirectory, "served")).FullName;
        byte[] data = RandomNumberGenerator.GetBytes(StreamBytes);
        await File.WriteAllBytesAsync($"{served}/data", data);
        string sum = Convert.ToHexStringLower(SHA256.HashData(data));
        using var server = Host.Isolation.Start("busybox", ["httpd", "-f", "-p", $"{PodNetwork.HostAddress}:8080", "-h", served], new());
        try
        {
            await using (var container = await RunAsync(
                new ContainerOptions { Configure = spec => In(network, spec) },
                "sh", "-c", $"mkdir /srv; head -c {StreamBytes} /bin/busybox > /srv/data; exec busybox httpd -f -p 8080 -h /srv"))
            {
                string facts = (await container.ShellAsync("ip addr show eth0; ip route")).Succeeded();
                StringAssert.Contains(facts, $"mtu {PodNetwork.Mtu} ");
                StringAssert.Contains(facts, $"link/ether {PodNetwork.HardwareAddress} ");
                StringAssert.Contains(facts, $"inet {PodNetwork.PodAddress}/24 ");
                StringAssert.Contains(facts, $"default via {PodNetwork.HostAddress} dev eth0");

                string fetch = $"busybox wget -q -O - http://{PodNetwork.HostAddress}:8080/data | sha256sum";
                Assert.AreEqual($"{sum}  -\n", (await container.ShellAsync(fetch)).Succeeded());
                string compare = $"cmp -n {StreamBytes} {Settings.Find("busybox")}";
                string[] back = ["-c", $"busybox wget -q -O - http://{PodNetwork.PodAddress}:8080/data | {compare}"];
                (await Host.Isolation.RunAsync("sh", back)).OrThrow();

                await container.Init.KillAsync(9);
                await container.Init.FinishAsync();
            }

            await AssertAsBeforeAsync(network);
        }
        finally
        {
            server.Kill(entireProcessTree: true);
        }
    }

    [TestMethod]
    public async Task Interface_OfAPodWhoseShimIsKilled_IsGivenBack()
    {
        RequireVm();
        await using var network = await PodNetwork.CreateAsync(Host);
        await using var container = await RunAsync(new ContainerOptions { Configure = spec => In(network, spec) }, "sleep", "1000");
        CollectionAssert.Contains((await network.InterfacesAsync()).ToArray(), "tap0_kata");

        await Host.Isolation.SignalAsync(HostProcesses.Shim(Host, container.Id).Pid, "KILL");

        await Host.Events.WaitForAsync(container.Id, "/tasks/delete");
        await AssertAsBeforeAsync(network);
    }

    private static Spec In(PodNetwork network, Spec spec) => spec with
    {
        Linux = spec.Linux! with
        {
            Namespaces = [.. spec.Linux.Namespaces!.Select(n => n.Type == "network" ? n with { Path = network.Path } : n)],
        },
    };

    private static async Task AssertAsBeforeAsync(PodNetwork network)
    {
        CollectionAssert.AreEquivalent(new[] { "lo", "eth0" }, (await network.InterfacesAsync()).ToArray());
        Assert.AreEqual("", await network.RulesAsync());
    }
}
