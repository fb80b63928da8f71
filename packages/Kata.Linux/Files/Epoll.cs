using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using static Kata.Linux.Interop;

namespace Kata.Linux;

/// <summary>An epoll(7) instance: many descriptors watched by few threads. Thread-safe.</summary>
public sealed class Epoll : IDisposable
{
    // struct epoll_event is packed on x86-64 (12 bytes) and naturally aligned elsewhere (16).
    private static readonly int EntrySize = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 12 : 16;

    private const int MaxEntries = 64;

    private readonly SafeFileHandle _handle = FileDescriptors.Valid(epoll_create1(EPOLL_CLOEXEC), "epoll_create1");

    /// <summary>Starts to watch a descriptor.</summary>
    /// <param name="token">What <see cref="Wait(int, out EpollEvents, out ulong)"/> reports for it.</param>
    /// <exception cref="LinuxException">As epoll_ctl(2): EEXIST, EPERM for regular files, ENOSPC.</exception>
    public void Add(SafeHandle descriptor, EpollEvents events, ulong token) => Control(EPOLL_CTL_ADD, descriptor, events, token);

    /// <summary>Changes what is watched for.</summary>
    /// <exception cref="LinuxException">ENOENT when the descriptor is not watched.</exception>
    public void Modify(SafeHandle descriptor, EpollEvents events, ulong token) => Control(EPOLL_CTL_MOD, descriptor, events, token);

    /// <summary>Stops watching. Needed before closing when the open file may have other descriptors.</summary>
    /// <exception cref="LinuxException">ENOENT when the descriptor is not watched.</exception>
    public void Remove(SafeHandle descriptor) => Control(EPOLL_CTL_DEL, descriptor, EpollEvents.None, 0);

    /// <summary>Blocks the calling thread until one descriptor is ready. Several threads may wait; one event wakes one of them.</summary>
    /// <param name="timeoutMilliseconds">-1 waits forever.</param>
    /// <returns>False when the time was over or a signal came.</returns>
    public unsafe bool Wait(int timeoutMilliseconds, out EpollEvents events, out ulong token)
    {
        var entry = stackalloc byte[16];
        var count = epoll_wait(_handle, entry, 1, timeoutMilliseconds);
        if (count < 0 && LinuxException.LastErrno != Errno.EINTR)
            throw LinuxException.FromLastError("epoll_wait");
        events = count > 0 ? (EpollEvents)(*(uint*)entry) : EpollEvents.None;
        token = count > 0 ? MemoryMarshal.Read<ulong>(new ReadOnlySpan<byte>(entry + EntrySize - sizeof(ulong), sizeof(ulong))) : 0;
        return count > 0;
    }

    /// <summary>Blocks the calling thread until descriptors are ready, and reports as many as there is room for.</summary>
    /// <param name="timeoutMilliseconds">-1 waits forever.</param>
    /// <returns>The entries of <paramref name="ready"/> that are filled; 0 when the time was over or a signal came.</returns>
    public unsafe int Wait(Span<EpollEvent> ready, int timeoutMilliseconds)
    {
        var entries = stackalloc byte[16 * Math.Min(ready.Length, MaxEntries)];
        var count = epoll_wait(_handle, entries, Math.Min(ready.Length, MaxEntries), timeoutMilliseconds);
        if (count < 0 && LinuxException.LastErrno != Errno.EINTR)
            throw LinuxException.FromLastError("epoll_wait");
        for (var i = 0; i < count; i++)
        {
            var entry = entries + (i * EntrySize);
            var token = MemoryMarshal.Read<ulong>(new ReadOnlySpan<byte>(entry + EntrySize - sizeof(ulong), sizeof(ulong)));
            ready[i] = new EpollEvent((EpollEvents)(*(uint*)entry), token);
        }

        return Math.Max(count, 0);
    }

    /// <inheritdoc/>
    public void Dispose() => _handle.Dispose();

    private unsafe void Control(int operation, SafeHandle descriptor, EpollEvents events, ulong token)
    {
        var entry = stackalloc byte[16];
        *(uint*)entry = (uint)events;
        MemoryMarshal.Write(new Span<byte>(entry + EntrySize - sizeof(ulong), sizeof(ulong)), token);
        LinuxException.Check(epoll_ctl(_handle, operation, descriptor, entry), "epoll_ctl");
    }
}
