using static Kata.Linux.DirectoryOperations;
using static Kata.Linux.Interop;

namespace Kata.Linux;

/// <summary>
/// Extended attributes (xattr(7)) by path, for file servers. Paths and names are bytes that end with a NUL, links are followed (also magic
/// links of <c>/proc/self/fd</c>), errors are values: a count is minus an errno on failure.
/// </summary>
public static unsafe class ExtendedAttributes
{
    /// <summary>getxattr(2). Returns the bytes of the value; with an empty buffer, those it needs.</summary>
    public static int Get(ReadOnlySpan<byte> path, ReadOnlySpan<byte> name, Span<byte> value)
    {
        fixed (byte* file = Terminated(path))
        fixed (byte* attribute = Terminated(name))
        fixed (byte* buffer = value)
            return Count(getxattr(file, attribute, buffer, (nuint)value.Length));
    }

    /// <summary>setxattr(2).</summary>
    /// <param name="flags">XATTR_CREATE 1, XATTR_REPLACE 2.</param>
    public static Errno Set(ReadOnlySpan<byte> path, ReadOnlySpan<byte> name, ReadOnlySpan<byte> value, int flags)
    {
        fixed (byte* file = Terminated(path))
        fixed (byte* attribute = Terminated(name))
        fixed (byte* content = value)
            return Result(setxattr(file, attribute, content, (nuint)value.Length, flags));
    }

    /// <summary>listxattr(2): names, each with its NUL. Returns their bytes; with an empty buffer, those it needs.</summary>
    public static int List(ReadOnlySpan<byte> path, Span<byte> names)
    {
        fixed (byte* file = Terminated(path))
        fixed (byte* buffer = names)
            return Count(listxattr(file, buffer, (nuint)names.Length));
    }

    /// <summary>removexattr(2).</summary>
    public static Errno Remove(ReadOnlySpan<byte> path, ReadOnlySpan<byte> name)
    {
        fixed (byte* file = Terminated(path))
        fixed (byte* attribute = Terminated(name))
            return Result(removexattr(file, attribute));
    }
}
