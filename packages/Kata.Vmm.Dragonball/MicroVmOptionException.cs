using Kata.Abstractions;

namespace Kata.Vmm.Dragonball;

/// <summary>An option of a microVM has a value that it cannot have.</summary>
public sealed class MicroVmOptionException : MicroVmException
{
    /// <summary>Makes an error about one option.</summary>
    /// <param name="option">The property of <see cref="MicroVmOptions"/>, e.g. <c>VcpuCount</c> or <c>Disks[1].Path</c>.</param>
    /// <param name="problem">What is wrong with the value, as a sentence without the option's name.</param>
    /// <param name="allowed">What it may be, e.g. <c>1 to 254</c>.</param>
    /// <param name="innerException">What caused it.</param>
    public MicroVmOptionException(string option, string problem, string allowed, Exception? innerException = null)
        : base($"{option}: {problem} Allowed: {allowed}.", innerException, KataErrorKind.InvalidArgument) =>
        (Option, Allowed) = (option, allowed);

    /// <summary>The option.</summary>
    public string Option { get; }

    /// <summary>What it may be.</summary>
    public string Allowed { get; }
}
