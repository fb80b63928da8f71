using Grpc.Core;
using Kata.Linux;
using Kata.Ttrpc.Server;

namespace Kata.Ttrpc;

/// <summary>What ttrpc adds to the context of a handler.</summary>
public static class TtrpcServerCallContextExtensions
{
    /// <summary>The process, user and group that opened the connection; null over vsock or when <paramref name="context"/> is not of ttrpc.</summary>
    public static PeerCredentials? GetPeerCredentials(this ServerCallContext context) => (context as ServerCall)?.Credentials;
}
