using System.Runtime.InteropServices;
using static Kata.Linux.Interop;

namespace Kata.Linux;

public static partial class TapDevice
{
    /// <summary>
    /// readv(2): one frame with its header. What does not fit into the ranges is lost, without a sign. Without exceptions, for event loops.
    /// </summary>
    /// <returns>The bytes of the frame, or <c>-(int)Errno</c>: EAGAIN when there is none, EBADFD when the device is gone.</returns>
    public static unsafe int Receive(SafeHandle queue, ReadOnlySpan<NativeBuffer> ranges)
    {
        fixed (NativeBuffer* vectors = ranges)
        {
            nint count;
            do
                count = readv(queue, vectors, ranges.Length);
            while (count < 0 && LinuxException.LastErrno == Errno.EINTR);
            return count < 0 ? -(int)LinuxException.LastErrno : (int)count;
        }
    }

    /// <summary>writev(2): one frame with its header. Without exceptions, for event loops.</summary>
    /// <returns>
    /// The bytes of the frame, or <c>-(int)Errno</c>: EAGAIN when the device is congested, EINVAL for a bad header, EIO when the device is
    /// down, EBADFD when it is gone.
    /// </returns>
    public static unsafe int Send(SafeHandle queue, ReadOnlySpan<NativeBuffer> ranges)
    {
        fixed (NativeBuffer* vectors = ranges)
        {
            nint count;
            do
                count = writev(queue, vectors, ranges.Length);
            while (count < 0 && LinuxException.LastErrno == Errno.EINTR);
            return count < 0 ? -(int)LinuxException.LastErrno : (int)count;
        }
    }
}
