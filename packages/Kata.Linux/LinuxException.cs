using System.Runtime.InteropServices;

namespace Kata.Linux;

/// <summary>A system call failed. The message reads <c>call path: ENAME (text)</c>.</summary>
public sealed class LinuxException : IOException
{
    /// <summary>Makes an error for a failed call.</summary>
    /// <param name="call">The system call, e.g. <c>mount</c>.</param>
    /// <param name="subject">What it was about, usually a path; null for nothing.</param>
    /// <param name="errno">The error number.</param>
    public LinuxException(string call, string? subject, Errno errno)
        : base($"{call}{(subject is null ? "" : " " + subject)}: {errno} ({Marshal.GetPInvokeErrorMessage((int)errno)})", (int)errno)
    {
        Call = call;
        Errno = errno;
    }

    /// <summary>The system call that failed.</summary>
    public string Call { get; }

    /// <summary>Why it failed.</summary>
    public Errno Errno { get; }

    /// <summary>The error of the last P/Invoke with <c>SetLastError</c> on this thread.</summary>
    internal static Errno LastErrno => (Errno)Marshal.GetLastPInvokeError();

    internal static LinuxException FromLastError(string call, string? subject = null) => new(call, subject, LastErrno);

    internal static int Check(int result, string call, string? subject = null) =>
        result >= 0 ? result : throw FromLastError(call, subject);

    internal static long Check(long result, string call, string? subject = null) =>
        result >= 0 ? result : throw FromLastError(call, subject);
}
