namespace Kata.Linux;

/// <summary>A time of a file (struct timespec).</summary>
/// <param name="Seconds">Since 1970.</param>
/// <param name="Nanoseconds">Below one second, or the value of <see cref="Now"/> or <see cref="Unchanged"/>.</param>
public readonly record struct FileTime(long Seconds, long Nanoseconds)
{
    /// <summary>The time of the change (UTIME_NOW).</summary>
    public static FileTime Now => new(0, 0x3fffffff);

    /// <summary>Keeps the time (UTIME_OMIT).</summary>
    public static FileTime Unchanged => new(0, 0x3ffffffe);
}
