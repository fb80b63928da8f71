using Grpc.Core;
using Kata.Abstractions;

namespace Kata.Shim.Agent;

/// <summary>The agent in the guest refused a call, did not answer in time, or is gone.</summary>
internal sealed class AgentException : KataException
{
    /// <summary>Makes the error of one call.</summary>
    /// <param name="call">The name of the call.</param>
    /// <param name="status">What came back.</param>
    /// <param name="innerException">What caused it.</param>
    public AgentException(string call, Status status, Exception? innerException = null)
        : base(KindOf(status.StatusCode), Describe(call, status), innerException)
    {
        Call = call;
        StatusCode = status.StatusCode;
    }

    /// <summary>The name of the call.</summary>
    public string Call { get; }

    /// <summary>The status code the agent or the connection gave.</summary>
    public StatusCode StatusCode { get; }

    /// <summary>The connection to the guest is gone: there is nobody who could answer.</summary>
    public bool IsConnectionLost => StatusCode == StatusCode.Unavailable;

    private static KataErrorKind KindOf(StatusCode code) => code switch
    {
        StatusCode.NotFound => KataErrorKind.NotFound,
        StatusCode.InvalidArgument or StatusCode.OutOfRange => KataErrorKind.InvalidArgument,
        StatusCode.AlreadyExists => KataErrorKind.AlreadyExists,
        StatusCode.FailedPrecondition or StatusCode.Aborted or StatusCode.PermissionDenied => KataErrorKind.FailedPrecondition,
        StatusCode.Unimplemented => KataErrorKind.NotSupported,
        StatusCode.Unavailable => KataErrorKind.Unavailable,
        StatusCode.DeadlineExceeded => KataErrorKind.Timeout,
        StatusCode.ResourceExhausted => KataErrorKind.ResourceExhausted,
        _ => KataErrorKind.Internal,
    };

    private static string Describe(string call, Status status) => status.StatusCode switch
    {
        StatusCode.DeadlineExceeded => $"The agent in the guest did not answer {call} in time.",
        StatusCode.Unavailable => $"The connection to the agent in the guest is lost ({call}): {status.Detail}",
        _ => $"The agent in the guest refused {call}: {status.Detail}",
    };
}
