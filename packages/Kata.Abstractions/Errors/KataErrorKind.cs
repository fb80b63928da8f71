namespace Kata.Abstractions;

/// <summary>What went wrong, by what a caller can do about it. The service layer maps each to one gRPC status code.</summary>
public enum KataErrorKind
{
    /// <summary>A defect or an unforeseen condition (gRPC INTERNAL).</summary>
    Internal,

    /// <summary>The request or the configuration is wrong (INVALID_ARGUMENT).</summary>
    InvalidArgument,

    /// <summary>The named thing does not exist (NOT_FOUND).</summary>
    NotFound,

    /// <summary>The named thing exists already (ALREADY_EXISTS).</summary>
    AlreadyExists,

    /// <summary>The thing is not in a state for this (FAILED_PRECONDITION).</summary>
    FailedPrecondition,

    /// <summary>This build, hypervisor or guest cannot do it (UNIMPLEMENTED).</summary>
    NotSupported,

    /// <summary>The peer is gone or not there yet (UNAVAILABLE).</summary>
    Unavailable,

    /// <summary>It took too long (DEADLINE_EXCEEDED).</summary>
    Timeout,

    /// <summary>The host ran out of something (RESOURCE_EXHAUSTED).</summary>
    ResourceExhausted,
}
