namespace Kata.Linux;

/// <summary>libc, one file per call or tight group of calls. Nothing outside of this package imports native code.</summary>
internal static partial class Interop
{
    internal const string Libc = "libc";
}
