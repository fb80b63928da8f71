namespace Kata.Shim.Configuration;

/// <summary>The <c>[agent.NAME]</c> section: how to reach and set up the agent in the guest.</summary>
internal sealed record AgentConfiguration
{
    /// <summary>Time for a guest under software emulation to boot; a dead VM ends the wait at once.</summary>
    internal static readonly TimeSpan DefaultConnectTimeout = TimeSpan.FromSeconds(60);

    /// <summary>Vsock port of the agent's ttrpc server (<c>server_port</c>).</summary>
    public uint ServerPort { get; init; } = 1024;

    /// <summary>Vsock port of the agent's log (<c>log_port</c>).</summary>
    public uint LogPort { get; init; } = 1025;

    /// <summary>Pause between connection attempts once the guest answers at all (<c>dial_timeout_ms</c>).</summary>
    public TimeSpan DialTimeout { get; init; } = TimeSpan.FromMilliseconds(10);

    /// <summary>How long to try to reach the agent of a booting guest (<c>reconnect_timeout_ms</c>).</summary>
    public TimeSpan ConnectTimeout { get; init; } = DefaultConnectTimeout;

    /// <summary>Time limit of one call (<c>create_container_timeout</c>).</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Time limit of a health check (<c>health_check_request_timeout_ms</c>).</summary>
    public TimeSpan HealthCheckTimeout { get; init; } = TimeSpan.FromSeconds(90);

    /// <summary>Guest kernel modules with their parameters, e.g. <c>nf_nat hashsize=1024</c>.</summary>
    public IReadOnlyList<string> KernelModules { get; init; } = [];

    /// <summary>Rego text for SetPolicy; empty for none.</summary>
    public string Policy { get; init; } = "";

    /// <summary>The guest kernel parameters this section asks for, sorted.</summary>
    public IReadOnlyList<string> KernelParameters { get; init; } = [];
}
