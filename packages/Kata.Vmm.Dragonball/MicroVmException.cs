using Kata.Abstractions;

namespace Kata.Vmm.Dragonball;

/// <summary>A microVM could not be made, started or controlled. The message says what failed and what to do.</summary>
public class MicroVmException : HypervisorException
{
    /// <summary>Makes an error.</summary>
    public MicroVmException(string message, Exception? innerException = null, KataErrorKind kind = KataErrorKind.Internal)
        : base(message, innerException, kind)
    {
    }
}
