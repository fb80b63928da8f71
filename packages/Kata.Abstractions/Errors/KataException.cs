namespace Kata.Abstractions;

/// <summary>The root of the errors a Kata runtime reports. Messages say what, where and what to do.</summary>
public class KataException : Exception
{
    /// <summary>Makes an error of a kind.</summary>
    public KataException(KataErrorKind kind, string message, Exception? innerException = null)
        : base(message, innerException) => Kind = kind;

    /// <summary>What a caller can do about it.</summary>
    public KataErrorKind Kind { get; }
}
