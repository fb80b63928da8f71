using System.Runtime.InteropServices;

namespace Kata.Linux;

/// <summary>struct statx (linux/stat.h) as the kernel fills it: 256 bytes, which a file server hands on.</summary>
[StructLayout(LayoutKind.Explicit, Size = 256)]
public struct StatxRecord : IEquatable<StatxRecord>
{
    [FieldOffset(0)] private uint _mask;
    [FieldOffset(4)] private readonly uint _blockSize;
    [FieldOffset(16)] private readonly uint _links;
    [FieldOffset(20)] private readonly uint _uid;
    [FieldOffset(24)] private readonly uint _gid;
    [FieldOffset(28)] private readonly ushort _mode;
    [FieldOffset(32)] private readonly ulong _inode;
    [FieldOffset(40)] private readonly ulong _size;
    [FieldOffset(48)] private readonly ulong _blocks;
    [FieldOffset(64)] private readonly Timestamp _accessed;
    [FieldOffset(96)] private readonly Timestamp _changed;
    [FieldOffset(112)] private readonly Timestamp _modified;
    [FieldOffset(128)] private readonly uint _specialMajor;
    [FieldOffset(132)] private readonly uint _specialMinor;
    [FieldOffset(136)] private readonly uint _deviceMajor;
    [FieldOffset(140)] private readonly uint _deviceMinor;
    [FieldOffset(144)] private readonly ulong _mount;

    /// <summary>Which fields are filled (STATX_*).</summary>
    public uint Mask
    {
        readonly get => _mask;
        set => _mask = value;
    }

    /// <summary>Preferred size of input and output, in bytes.</summary>
    public readonly uint BlockSize => _blockSize;

    /// <summary>Number of hard links.</summary>
    public readonly uint Links => _links;

    /// <summary>Owner.</summary>
    public readonly uint Uid => _uid;

    /// <summary>Group.</summary>
    public readonly uint Gid => _gid;

    /// <summary>Type and permission bits.</summary>
    public readonly uint Mode => _mode;

    /// <summary>The type bits (S_IFMT) of <see cref="Mode"/>.</summary>
    public readonly FileKind Kind => (FileKind)(_mode & 0xF000);

    /// <summary>Inode number.</summary>
    public readonly ulong Inode => _inode;

    /// <summary>Bytes.</summary>
    public readonly ulong Size => _size;

    /// <summary>Allocated units of 512 bytes.</summary>
    public readonly ulong Blocks => _blocks;

    /// <summary>Last access.</summary>
    public readonly (long Seconds, uint Nanoseconds) Accessed => (_accessed.Seconds, _accessed.Nanoseconds);

    /// <summary>Last change of attributes.</summary>
    public readonly (long Seconds, uint Nanoseconds) Changed => (_changed.Seconds, _changed.Nanoseconds);

    /// <summary>Last change of content.</summary>
    public readonly (long Seconds, uint Nanoseconds) Modified => (_modified.Seconds, _modified.Nanoseconds);

    /// <summary>Major number of the device the file stands for.</summary>
    public readonly uint SpecialMajor => _specialMajor;

    /// <summary>Minor number of the device the file stands for.</summary>
    public readonly uint SpecialMinor => _specialMinor;

    /// <summary>Major and minor number of the device that holds the file, in the upper and lower half.</summary>
    public readonly ulong Device => ((ulong)_deviceMajor << 32) | _deviceMinor;

    /// <summary>The mount through which the file was found; unique as long as something holds it.</summary>
    public readonly ulong Mount => _mount;

    /// <summary>All bytes are equal.</summary>
    public readonly bool Equals(StatxRecord other) =>
        MemoryMarshal.AsBytes(new ReadOnlySpan<StatxRecord>(in this)).SequenceEqual(MemoryMarshal.AsBytes(new ReadOnlySpan<StatxRecord>(in other)));

    /// <inheritdoc/>
    public override readonly bool Equals(object? obj) => obj is StatxRecord other && Equals(other);

    /// <inheritdoc/>
    public override readonly int GetHashCode() => HashCode.Combine(_inode, _deviceMajor, _deviceMinor, _mount);

    /// <summary>All bytes are equal.</summary>
    public static bool operator ==(StatxRecord left, StatxRecord right) => left.Equals(right);

    /// <summary>Some bytes differ.</summary>
    public static bool operator !=(StatxRecord left, StatxRecord right) => !left.Equals(right);

    /// <summary>struct statx_timestamp, 16 bytes.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private readonly struct Timestamp
    {
        public readonly long Seconds;
        public readonly uint Nanoseconds;
        private readonly int _reserved;
    }
}
