namespace Kata.Linux;

/// <summary>Flags of open(2) on x86-64 (asm-generic/fcntl.h).</summary>
[Flags]
public enum OpenFlags
{
#pragma warning disable CS1591 // The names are the documentation: see open(2).
    ReadOnly = 0,
    WriteOnly = 1,
    ReadWrite = 2,
    Create = 0x40,
    Exclusive = 0x80,
    NoControllingTerminal = 0x100,
    Truncate = 0x200,
    Append = 0x400,
    NonBlocking = 0x800,
    Direct = 0x4000,
    Directory = 0x10000,
    NoFollow = 0x20000,
    CloseOnExec = 0x80000,
    Path = 0x200000,
#pragma warning restore CS1591
}
