using Grpc.Core;

namespace Kata.Guest.Agent;

/// <summary>A request cannot be served. The message is one sentence for the runtime's log and, through it, for the user.</summary>
internal sealed class AgentException : Exception
{
    public AgentException(StatusCode code, string message, Exception? inner = null)
        : base(message, inner) => Code = code;

    public StatusCode Code { get; }

    public static AgentException NotFound(string message) => new(StatusCode.NotFound, message);

    public static AgentException Invalid(string message, Exception? inner = null) => new(StatusCode.InvalidArgument, message, inner);

    public static AgentException Unimplemented(string message) => new(StatusCode.Unimplemented, message);

    public static AgentException Failed(string message, Exception? inner = null) => new(StatusCode.Internal, message, inner);
}
