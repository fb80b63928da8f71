namespace Kata.Linux;

/// <summary>Who is at the other end of a unix socket (SO_PEERCRED).</summary>
/// <param name="Pid">Process id at the time of connect.</param>
/// <param name="Uid">Effective user id.</param>
/// <param name="Gid">Effective group id.</param>
public readonly record struct PeerCredentials(int Pid, uint Uid, uint Gid);
