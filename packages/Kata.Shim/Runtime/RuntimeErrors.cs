using Kata.Abstractions;

namespace Kata.Shim.Runtime;

/// <summary>The errors of requests that do not fit the state of things. Their wording follows runc's where clients look at it.</summary>
internal static class RuntimeErrors
{
    internal static KataException NoSuchContainer(string id) => new(KataErrorKind.NotFound, $"container {id}: not found");

    internal static KataException NoSuchExec(string id, string execId) =>
        new(KataErrorKind.NotFound, $"process {execId} of container {id}: not found");

    internal static KataException ContainerExists(string id) => new(KataErrorKind.AlreadyExists, $"container {id}: already exists");

    internal static KataException ExecExists(string id, string execId) =>
        new(KataErrorKind.AlreadyExists, $"process {execId} of container {id}: already exists");

    internal static KataException ProcessFinished() => new(KataErrorKind.NotFound, "process already finished: not found");

    internal static KataException WrongState(string action, string subject, ProcessStatus status) =>
        new(KataErrorKind.FailedPrecondition, $"cannot {action} {subject}: it is {status.ToString().ToLowerInvariant()}");

    internal static KataException InitNotRunning(string id) =>
        new(KataErrorKind.FailedPrecondition, $"container {id} init process is not running");

    internal static KataException Invalid(string message) => new(KataErrorKind.InvalidArgument, message);
}
