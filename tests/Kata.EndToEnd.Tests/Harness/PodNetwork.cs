namespace Kata.EndToEnd.Tests.Harness;

/// <summary>
/// A network namespace inside the isolated host as a CNI plugin makes one: an interface whose peer is the host's, an address, a route.
/// </summary>
internal sealed class PodNetwork : IAsyncDisposable
{
    public const string HostAddress = "10.88.0.1";
    public const string PodAddress = "10.88.0.2";
    public const string HardwareAddress = "02:88:00:00:00:02";
    public const int Mtu = 1400;

    private readonly TestHost _host;
    private readonly string _name;

    private PodNetwork(TestHost host, string name)
    {
        _host = host;
        _name = name;
    }

    /// <summary>The namespace, as the shim sees it.</summary>
    public string Path => $"/run/netns/{_name}";

    public static async Task<PodNetwork> CreateAsync(TestHost host)
    {
        var network = new PodNetwork(host, host.NewId());
        string pod = $"ip -n {network._name}";
        await network.RunAsync($"""
            set -e
            ip netns add {network._name}
            {pod} link set lo up
            ip link add pod0 mtu {Mtu} type veth peer name eth0 mtu {Mtu} address {HardwareAddress} netns {network._name}
            ip addr add {HostAddress}/24 dev pod0
            ip link set pod0 up
            {pod} addr add {PodAddress}/24 dev eth0
            {pod} link set eth0 up
            {pod} route add default via {HostAddress}
            """);
        return network;
    }

    /// <summary>The names of the namespace's interfaces.</summary>
    public async Task<IReadOnlyList<string>> InterfacesAsync() =>
        (await RunAsync($"ip -n {_name} -o link | cut -d: -f2 | cut -d@ -f1 | tr -d ' '"))
            .Split('\n', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>The rules that redirect what comes in at the pod's interface.</summary>
    public Task<string> RulesAsync() => RunAsync($"tc -n {_name} filter show dev eth0 ingress");

    public async ValueTask DisposeAsync() =>
        await RunAsync($"ip link delete pod0; ip netns delete {_name}; umount /run/netns; rmdir /run/netns");

    private async Task<string> RunAsync(string script) => (await _host.Isolation.RunAsync("sh", ["-c", script])).OrThrow().Output;
}
