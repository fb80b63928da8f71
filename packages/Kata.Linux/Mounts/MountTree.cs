using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using static Kata.Linux.Interop;

namespace Kata.Linux;

/// <summary>
/// A copy of a mounted tree that is attached nowhere yet (open_tree(2), Linux 5.2; attributes since 5.12). Made from a descriptor, so
/// that what was checked is what gets mounted, and complete before anybody sees it: its attributes travel with it into every mount
/// namespace that the place it is attached to propagates to, which a later remount would not.
/// </summary>
public sealed class MountTree : IDisposable
{
    private const uint OPEN_TREE_CLONE = 1;
    private const uint AT_RECURSIVE = 0x8000;
    private const uint AtEmptyPath = 0x1000;
    private const uint MOVE_MOUNT_F_EMPTY_PATH = 4;
    private const ulong MOUNT_ATTR_RDONLY = 1;
    private const nint AtCurrentDirectory = -100;

    private readonly SafeFileHandle _tree;

    private MountTree(SafeFileHandle tree) => _tree = tree;

    /// <summary>Copies the tree at an open file or directory (also one opened with <see cref="OpenFlags.Path"/>).</summary>
    /// <param name="file">Where the tree begins.</param>
    /// <param name="recursive">With the mounts below it.</param>
    /// <exception cref="LinuxException">As open_tree(2); EINVAL when it is in another mount namespace.</exception>
    public static MountTree Clone(SafeHandle file, bool recursive)
    {
        const uint CloseOnExec = 0x80000;
        var flags = OPEN_TREE_CLONE | CloseOnExec | AtEmptyPath | (recursive ? AT_RECURSIVE : 0);
        var fd = LinuxException.Check((long)open_tree(SYS_open_tree, file, "", flags), "open_tree");
        return new MountTree(new SafeFileHandle((nint)fd, ownsHandle: true));
    }

    /// <summary>Makes all mounts of the tree read-only.</summary>
    public void SetReadOnly() => SetAttributes(new MountAttributes { Set = MOUNT_ATTR_RDONLY });

    /// <summary>Sets the propagation of all mounts of the tree: <see cref="MountFlags.Private"/>, Slave or Shared.</summary>
    public void SetPropagation(MountFlags propagation) => SetAttributes(new MountAttributes { Propagation = (ulong)propagation });

    /// <summary>Attaches the tree on an existing file or directory. The tree cannot be attached again.</summary>
    public void AttachTo(string target) =>
        LinuxException.Check((long)move_mount(SYS_move_mount, _tree, "", AtCurrentDirectory, target, MOVE_MOUNT_F_EMPTY_PATH), "move_mount", target);

    /// <summary>Releases the descriptor; a tree that was attached nowhere is unmounted.</summary>
    public void Dispose() => _tree.Dispose();

    private unsafe void SetAttributes(MountAttributes attributes) =>
        LinuxException.Check(
            (long)mount_setattr(SYS_mount_setattr, _tree, "", AtEmptyPath | AT_RECURSIVE, &attributes, sizeof(MountAttributes)), "mount_setattr");
}
