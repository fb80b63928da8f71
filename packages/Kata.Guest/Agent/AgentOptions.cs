using System.Globalization;
using Kata.Linux;
using Kata.Ttrpc;
using Microsoft.Extensions.Logging;

namespace Kata.Guest.Agent;

/// <summary>What the agent is told through the kernel command line (<c>agent.*</c>) or its own arguments.</summary>
internal sealed record AgentOptions
{
    private const string Prefix = "agent.";

    /// <summary><c>server_addr</c>: where to serve ttrpc.</summary>
    public TtrpcAddress ServerAddress { get; init; } = TtrpcAddress.Vsock(Vsock.AnyCid, 1024);

    /// <summary><c>log</c>: trace, debug, info, warn, error or critical.</summary>
    public LogLevel LogLevel { get; init; } = LogLevel.Information;

    /// <summary><c>log_vport</c>: the vsock port that log lines can be read from; null for none.</summary>
    public uint? LogPort { get; init; }

    /// <summary><c>hotplug_timeout</c>: how long a storage or device may take to appear.</summary>
    public TimeSpan HotplugTimeout { get; init; } = TimeSpan.FromSeconds(3);


    /// <summary><c>container_pipe_size</c>: bytes a standard stream may hold before its writer waits; 0 keeps the kernel's 64 KiB, which takes four times as many requests to read.</summary>
    public int PipeSize { get; init; } = 256 * 1024;

    /// <summary>Whether the agent is this system's PID 1 and has to make it a system.</summary>
    public bool IsInit { get; init; }

    /// <summary>Takes over the agent's parameters from a kernel command line; others, and values that make no sense, are left alone.</summary>
    public AgentOptions WithKernelCommandLine(string commandLine)
    {
        var options = this;
        foreach (var parameter in commandLine.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))
        {
            if (parameter.StartsWith(Prefix, StringComparison.Ordinal))
                options = options.WithParameter(parameter[Prefix.Length..]);
        }

        return options;
    }

    /// <summary>Takes over one <c>name=value</c>. A wrong one must not keep a guest from booting, so it changes nothing.</summary>
    public AgentOptions WithParameter(string parameter)
    {
        var equals = parameter.IndexOf('=', StringComparison.Ordinal);
        var (name, value) = equals < 0 ? (parameter, "") : (parameter[..equals], parameter[(equals + 1)..]);
        return name switch
        {
            "server_addr" => this with { ServerAddress = TtrpcAddress.TryParse(value, out var address) ? address : ServerAddress },
            "log" => this with { LogLevel = LevelOr(value, LogLevel) },
            "devmode" or "debug" when value is "" or "1" or "true" => this with { LogLevel = LogLevel.Debug },
            "log_vport" => this with { LogPort = Number(value) is > 0 and <= uint.MaxValue and var port ? (uint)port : LogPort },
            "hotplug_timeout" => this with { HotplugTimeout = SecondsOr(value, HotplugTimeout) },
            "container_pipe_size" => this with { PipeSize = Number(value) is >= 0 and <= 1 << 20 and var size ? (int)size : PipeSize },
            _ => this,
        };
    }

    private static LogLevel LevelOr(string value, LogLevel otherwise) => value switch
    {
        "trace" => LogLevel.Trace,
        "debug" => LogLevel.Debug,
        "info" => LogLevel.Information,
        "warn" or "warning" => LogLevel.Warning,
        "error" => LogLevel.Error,
        "critical" => LogLevel.Critical,
        _ => otherwise,
    };

    private static TimeSpan SecondsOr(string value, TimeSpan otherwise) =>
        Number(value) is > 0 and <= 86400 and var seconds ? TimeSpan.FromSeconds(seconds) : otherwise;

    private static long? Number(string value) =>
        long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
}
