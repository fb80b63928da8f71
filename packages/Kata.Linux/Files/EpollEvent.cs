namespace Kata.Linux;

/// <summary>What an <see cref="Epoll"/> reports about one descriptor.</summary>
/// <param name="Events">What happened.</param>
/// <param name="Token">What was given when the descriptor was added.</param>
public readonly record struct EpollEvent(EpollEvents Events, ulong Token);
