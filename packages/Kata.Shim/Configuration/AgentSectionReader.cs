using System.Globalization;
using Kata.Shim.Configuration.Toml;

namespace Kata.Shim.Configuration;

/// <summary>Reads <c>[agent.NAME]</c>. Unknown keys are errors, as in every Kata runtime.</summary>
internal static class AgentSectionReader
{
    /// <summary>The value of <c>reconnect_timeout_ms</c> in Kata's shipped files, which means "no wish".</summary>
    private static readonly TimeSpan ShippedReconnectTimeout = TimeSpan.FromSeconds(3);

    private static readonly TimeSpan LeastConnectTimeout = TimeSpan.FromSeconds(10);

    /// <summary>Reads the section.</summary>
    public static AgentConfiguration Read(ConfigurationSection section, ICollection<string> warnings)
    {
        var dial = Milliseconds(section, "dial_timeout_ms", 10, minimum: 1);
        var reconnect = section.Has("reconnect_timeout_ms") ? Milliseconds(section, "reconnect_timeout_ms", 0) : (TimeSpan?)null;
        // The Go runtime's file gives one connect time in seconds.
        if (section.Has("dial_timeout"))
        {
            var seconds = TimeSpan.FromSeconds(section.Integer("dial_timeout", 0));
            reconnect ??= seconds;
            warnings.Add($"{section.SourceOf("dial_timeout")}: {section.Name}.dial_timeout is the Go runtime's spelling; use reconnect_timeout_ms.");
        }

        if (reconnect < dial)
        {
            warnings.Add(
                $"{section.SourceOf("reconnect_timeout_ms")}: {section.Name}.reconnect_timeout_ms is less than dial_timeout_ms; {dial.TotalMilliseconds:0} ms are used.");
            reconnect = dial;
        }

        var configuration = new AgentConfiguration
        {
            ServerPort = (uint)section.Integer("server_port", 1024, minimum: 1, maximum: uint.MaxValue - 1),
            LogPort = (uint)section.Integer("log_port", 1025, minimum: 1, maximum: uint.MaxValue - 1),
            DialTimeout = dial,
            ConnectTimeout = ConnectTimeout(reconnect),
            RequestTimeout = RequestTimeout(section),
            HealthCheckTimeout = Milliseconds(section, "health_check_request_timeout_ms", 90_000, minimum: 1),
            KernelModules = section.TextList("kernel_modules"),
            Policy = section.Text("policy"),
            KernelParameters = KernelParameters(section),
        };
        _ = section.Integer("passfd_listener_port", 0, maximum: uint.MaxValue);
        foreach (var (key, _) in section.Remaining)
            throw section.Error(key, "There is no such key; the agent section accepts known keys only.");
        return configuration;
    }

    private static TimeSpan ConnectTimeout(TimeSpan? configured) =>
        configured is not { } timeout || timeout <= ShippedReconnectTimeout ? AgentConfiguration.DefaultConnectTimeout
        : timeout < LeastConnectTimeout ? LeastConnectTimeout : timeout;

    private static TimeSpan Milliseconds(ConfigurationSection section, string key, long fallback, long minimum = 0) =>
        TimeSpan.FromMilliseconds(section.Integer(key, fallback, minimum));

    /// <summary>Seconds, although the key that upstream derives from it counts milliseconds.</summary>
    private static TimeSpan RequestTimeout(ConfigurationSection section)
    {
        var milliseconds = section.Integer("request_timeout_ms", 30_000, minimum: 1);
        var seconds = section.Integer("create_container_timeout", 0, maximum: 1_000_000);
        return seconds > 0 ? TimeSpan.FromSeconds(seconds) : TimeSpan.FromMilliseconds(milliseconds);
    }

    private static List<string> KernelParameters(ConfigurationSection section)
    {
        var parameters = new List<string>();
        var level = section.OneOf("log_level", "info", "trace", "debug", "info", "warn", "error", "critical");
        if (section.Flag("enable_debug") && level == "info")
            level = "debug";
        if (level != "info")
            parameters.Add($"agent.log={level}");
        if (section.Flag("enable_tracing"))
            parameters.Add("agent.trace=true");
        if (section.Flag("debug_console_enabled"))
            parameters.AddRange(["agent.debug_console", "agent.debug_console_vport=1026"]);
        if (section.Flag("visible_cdi_devices"))
            parameters.Add("agent.visible_cdi_devices=true");
        if (section.Integer("cdh_api_timeout_ms", 0) is > 0 and var cdh)
            parameters.Add(Parameter("agent.cdh_api_timeout", Math.Max(cdh / 1000, 1)));
        if (section.Integer("container_pipe_size", 0) is > 0 and var pipe)
            parameters.Add(Parameter("agent.container_pipe_size", pipe));
        if (section.Integer("launch_process_timeout", 0) is > 0 and var launch)
            parameters.Add(Parameter("agent.launch_process_timeout", launch));
        if (section.Table("mem_agent") is { } memory)
            parameters.AddRange(MemoryAgent(memory));
        parameters.Sort(StringComparer.Ordinal);
        return parameters;
    }

    private static IEnumerable<string> MemoryAgent(TomlTable table)
    {
        if ((table["mem_agent_enable"] ?? table["enable"])?.Value is not true)
            yield break;
        yield return "psi=1";
        yield return "agent.mem_agent_enable=1";
        foreach (var (key, value) in table.Entries)
        {
            if (key is not ("mem_agent_enable" or "enable"))
                yield return $"agent.mem_agent_{key}={(value.Value is bool flag ? (flag ? "1" : "0") : value.ToText())}";
        }
    }

    private static string Parameter(string key, long value) => string.Create(CultureInfo.InvariantCulture, $"{key}={value}");
}
