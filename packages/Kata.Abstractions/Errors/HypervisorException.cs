namespace Kata.Abstractions;

/// <summary>The VMM failed or refused.</summary>
public class HypervisorException : KataException
{
    /// <summary>Makes an error of a hypervisor.</summary>
    public HypervisorException(string message, Exception? innerException = null, KataErrorKind kind = KataErrorKind.Internal)
        : base(kind, message, innerException)
    {
    }
}
