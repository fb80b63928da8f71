namespace Kata.Linux;

/// <summary>Events of poll(2).</summary>
[Flags]
public enum PollEvents
{
    /// <summary>Nothing happened.</summary>
    None = 0,

    /// <summary>POLLIN.</summary>
    Readable = 0x001,

    /// <summary>POLLPRI: e.g. a cgroup event file changed.</summary>
    Priority = 0x002,

    /// <summary>POLLOUT.</summary>
    Writable = 0x004,

    /// <summary>POLLERR.</summary>
    Error = 0x008,

    /// <summary>POLLHUP: the peer is gone.</summary>
    HangUp = 0x010,
}
