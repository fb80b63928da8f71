namespace Kata.Linux;

/// <summary>What epoll(7) watches for and reports.</summary>
[Flags]
public enum EpollEvents : uint
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>EPOLLIN: bytes to read, or a connection to accept.</summary>
    Readable = 0x1,

    /// <summary>EPOLLPRI: e.g. a cgroup event file changed.</summary>
    Priority = 0x2,

    /// <summary>EPOLLOUT: room to write.</summary>
    Writable = 0x4,

    /// <summary>EPOLLERR: an error is pending. Always reported.</summary>
    Error = 0x8,

    /// <summary>EPOLLHUP: both directions are closed. Always reported.</summary>
    HangUp = 0x10,

    /// <summary>EPOLLRDHUP: the peer closed its sending direction.</summary>
    ReadHangUp = 0x2000,

    /// <summary>EPOLLONESHOT: report once, then nothing until changed.</summary>
    OneShot = 1u << 30,

    /// <summary>EPOLLET: report changes only.</summary>
    EdgeTriggered = 1u << 31,
}
