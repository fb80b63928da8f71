using Grpc.Core;

namespace Kata.Protocols.Agent;

/// <content>Its methods as values.</content>
public static partial class Health
{
    /// <summary>The methods of <c>grpc.Health</c>, for callers and servers that avoid the generic virtual methods of generated code.</summary>
    public static class Methods
    {
        /// <summary>Method <c>Check</c>.</summary>
        public static Method<CheckRequest, HealthCheckResponse> Check => __Method_Check;

        /// <summary>Method <c>Version</c>.</summary>
        public static Method<CheckRequest, VersionCheckResponse> Version => __Method_Version;
    }
}
