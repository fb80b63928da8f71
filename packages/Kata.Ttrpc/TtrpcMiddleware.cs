using Grpc.Core;

namespace Kata.Ttrpc;

/// <summary>
/// Code around every call of a server: checks, logging, tracing. Await <paramref name="next"/> to run the handler; throw an
/// <see cref="RpcException"/>, before or after it, to answer with that status instead.
/// </summary>
public delegate Task TtrpcMiddleware(ServerCallContext context, Func<Task> next);
