using Kata.Linux;

namespace Kata.Ttrpc.Transport;

/// <summary>What a <see cref="SocketPoller"/> calls when a socket changed its state.</summary>
internal interface IPollTarget
{
    /// <summary>
    /// Moves bytes without blocking and without running foreign code. Called on a poller thread; also on two at once.
    /// Returns foreign code to run next (a handler, a continuation), if the event caused some.
    /// </summary>
    IThreadPoolWorkItem? OnReady(EpollEvents events);
}
