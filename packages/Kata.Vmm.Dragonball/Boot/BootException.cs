using Kata.Abstractions;

namespace Kata.Vmm.Dragonball.Boot;

/// <summary>A kernel, an initrd or a command line that this machine cannot boot. The message names the file and the problem.</summary>
internal sealed class BootException : MicroVmException
{
    public BootException(string message, Exception? innerException = null)
        : base(message, innerException, KataErrorKind.InvalidArgument)
    {
    }
}
