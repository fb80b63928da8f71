using Microsoft.Extensions.Logging;

namespace Kata.Shim.Persistence;

internal static partial class LeftoverLog
{
    [LoggerMessage(300, LogLevel.Warning, "Removing {What} that a killed shim left behind failed")]
    internal static partial void StepFailed(ILogger logger, Exception exception, string what);

    [LoggerMessage(301, LogLevel.Warning, "keep_abnormal is set: {Directory} and everything recorded in its state.json stay for inspection")]
    internal static partial void Kept(ILogger logger, string directory);
}
