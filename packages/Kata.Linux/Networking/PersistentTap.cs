namespace Kata.Linux;

/// <summary>TAP devices that exist until they are deleted, so that a VMM can open them by name later.</summary>
public static class PersistentTap
{
    /// <summary>TUNSETPERSIST: _IOW('T', 203, int).</summary>
    private const nuint TUNSETPERSIST = 0x400454cb;

    /// <summary>Makes a TAP device in the calling thread's network namespace.</summary>
    /// <param name="name">The name, at most 15 bytes.</param>
    /// <param name="multiQueue">Whether several queues will be opened.</param>
    /// <exception cref="LinuxException">EBUSY or EINVAL when the name is taken by something else; ENOENT without <c>/dev/net/tun</c>.</exception>
    public static void Create(string name, bool multiQueue)
    {
        using var queue = TapDevice.OpenQueue(name, multiQueue);
        LinuxException.Check(Interop.ioctl_value(queue, TUNSETPERSIST, 1), "TUNSETPERSIST", name);
    }
}
