using System.Text;
using Microsoft.Extensions.Logging;

namespace Kata.Shim.Hosting;

/// <summary>Makes the logger of a shim process.</summary>
internal static class ShimLogger
{
    internal static LogfmtLogger Create(LogFile file, ShimArguments arguments, TimeProvider clock)
    {
        var suffix = new StringBuilder();
        LogfmtLogger.AppendField(suffix, "id", arguments.Id);
        LogfmtLogger.AppendField(suffix, "namespace", arguments.Namespace);
        LogfmtLogger.AppendField(suffix, "runtime", ShimProgram.RuntimeName);
        return new LogfmtLogger(file, arguments.Debug ? LogLevel.Debug : LogLevel.Information, suffix.ToString(), clock);
    }
}
