using Kata.Linux;
using Microsoft.Extensions.Logging;

namespace Kata.Virtio.Vsock;

internal static partial class VsockLog
{
    [LoggerMessage(200, LogLevel.Debug, "vsock {HostPort}:{GuestPort} established")]
    public static partial void Established(ILogger logger, uint hostPort, uint guestPort);

    [LoggerMessage(201, LogLevel.Debug, "vsock {HostPort}:{GuestPort} closed")]
    public static partial void Closed(ILogger logger, uint hostPort, uint guestPort);

    [LoggerMessage(202, LogLevel.Debug, "vsock CONNECT to guest port {GuestPort} waits for the guest's driver")]
    public static partial void Held(ILogger logger, uint guestPort);

    [LoggerMessage(203, LogLevel.Debug, "Guest refused vsock CONNECT to port {GuestPort}")]
    public static partial void Refused(ILogger logger, uint guestPort);

    [LoggerMessage(204, LogLevel.Debug, "vsock {HostPort}:{GuestPort} timed out in state {State}")]
    public static partial void TimedOut(ILogger logger, VsockConnectionState state, uint hostPort, uint guestPort);

    [LoggerMessage(205, LogLevel.Debug, "A host client sent no valid CONNECT line")]
    public static partial void BadHandshake(ILogger logger);

    [LoggerMessage(206, LogLevel.Debug,
        "Guest sent {Operation} for vsock {HostPort}:{GuestPort} in state {State}; the stream is reset ({Suppressed} like it suppressed)")]
    public static partial void UnexpectedPacket(
        ILogger logger, VsockOperation operation, VsockConnectionState state, uint hostPort, uint guestPort, long suppressed);

    [LoggerMessage(207, LogLevel.Debug,
        "Guest sent more on vsock {HostPort}:{GuestPort} than it may; the stream is reset ({Suppressed} like it suppressed)")]
    public static partial void CreditExceeded(ILogger logger, uint hostPort, uint guestPort, long suppressed);

    [LoggerMessage(208, LogLevel.Debug, "Guest asked for {Path}, where nobody listens: {Error} ({Suppressed} like it suppressed)")]
    public static partial void NoListener(ILogger logger, string path, Errno error, long suppressed);

    [LoggerMessage(209, LogLevel.Warning, "Guest's vsock connection to the host failed: {Reason}")]
    public static partial void ConnectFailed(ILogger logger, string reason);

    [LoggerMessage(210, LogLevel.Warning,
        "vsock connections from the {Side} are refused: {Limit} are open ({Suppressed} like it suppressed)")]
    public static partial void TooManyConnections(ILogger logger, string side, int limit, long suppressed);

    [LoggerMessage(211, LogLevel.Warning, "vsock socket cannot accept clients for now: {Error}")]
    public static partial void AcceptFailed(ILogger logger, Errno error);

    [LoggerMessage(212, LogLevel.Error,
        "vsock device stopped: the guest broke the rules of the {Queue} queue ({Reason}); it needs a reset "
        + "({Suppressed} like it suppressed)")]
    public static partial void DeviceBroken(ILogger logger, string queue, string reason, long suppressed);

    [LoggerMessage(213, LogLevel.Warning, "Guest sent malformed vsock packets, which are dropped ({Suppressed} like it suppressed)")]
    public static partial void MalformedPacket(ILogger logger, long suppressed);

    [LoggerMessage(214, LogLevel.Critical, "vsock device failed; the guest has none any more")]
    public static partial void DeviceFailed(ILogger logger, Exception failure);

    [LoggerMessage(215, LogLevel.Debug, "vsock {HostPort}:{GuestPort} established by the guest ({Suppressed} like it suppressed)")]
    public static partial void Accepted(ILogger logger, uint hostPort, uint guestPort, long suppressed);
}
