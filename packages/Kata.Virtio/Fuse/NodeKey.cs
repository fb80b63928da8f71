using Kata.Linux;

namespace Kata.Virtio.Fuse;

/// <summary>
/// What tells files apart: the same file below two mounts is two, because names below it may lead to different places. The numbers cannot
/// be used again while the node holds the file open.
/// </summary>
internal readonly record struct NodeKey(ulong Device, ulong Inode, ulong Mount)
{
    public static NodeKey Of(in StatxRecord status) => new(status.Device, status.Inode, status.Mount);
}
