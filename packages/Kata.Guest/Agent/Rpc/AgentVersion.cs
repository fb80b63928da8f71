using System.Reflection;

namespace Kata.Guest.Agent.Rpc;

/// <summary>What the agent calls itself.</summary>
internal static class AgentVersion
{
    /// <summary>The version of the agent's protocol.</summary>
    public const string Protocol = "0.0.1";

    public static string Text { get; } =
        typeof(AgentVersion).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";
}
