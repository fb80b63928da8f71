namespace Kata.Vmm.Dragonball.Boot.Images;

/// <summary>A kernel in guest memory, and what it said about itself.</summary>
/// <param name="Protocol">How it begins.</param>
/// <param name="EntryPoint">Where it begins.</param>
/// <param name="End">The address after what it uses before it looks at the memory map.</param>
internal sealed record LoadedKernel(BootProtocol Protocol, ulong EntryPoint, ulong End)
{
    /// <summary>COMMAND_LINE_SIZE of x86 without the terminator.</summary>
    public const uint DefaultCommandLineLimit = 2047;

    /// <summary>Characters of command line the kernel takes, without the terminator.</summary>
    public uint CommandLineLimit { get; init; } = DefaultCommandLineLimit;

    /// <summary>The last address an initrd may have.</summary>
    public ulong InitrdLastAddress { get; init; } = 0x7FFF_FFFF;

    /// <summary>A bzImage's setup header, from offset 0x1F1 of the file on; null for an ELF image, which has none.</summary>
    public ReadOnlyMemory<byte>? SetupHeader { get; init; }
}
