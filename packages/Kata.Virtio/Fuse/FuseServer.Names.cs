using Kata.Linux;

namespace Kata.Virtio.Fuse;

internal sealed unsafe partial class FuseServer
{
    private int Remove(ReadOnlySpan<byte> arguments, bool isDirectory)
    {
        if (!TryTakeName(ref arguments, out var name))
            return -(int)Errno.EINVAL;
        if (_nodes.Find(_header.Node) is not { } directory)
            return -(int)Errno.ESTALE;
        return Result(isDirectory ? DirectoryOperations.RemoveDirectory(directory, name) : DirectoryOperations.Unlink(directory, name));
    }

    private int Rename(ReadOnlySpan<byte> arguments, bool hasFlags)
    {
        const uint NoReplace = 1, Exchange = 2, Whiteout = 4;
        var request = default(RenameRequest);
        if (!(hasFlags ? TryTake(ref arguments, out request) : TryTake(ref arguments, out request.NewDirectory)))
            return -(int)Errno.EINVAL;
        if (!TryTakeName(ref arguments, out var oldName) || !TryTakeName(ref arguments, out var newName))
            return -(int)Errno.EINVAL;
        if ((request.Flags & ~(NoReplace | Exchange | Whiteout)) != 0)
            return -(int)Errno.EINVAL;
        if (_nodes.Find(_header.Node) is not { } oldDirectory || _nodes.Find(request.NewDirectory) is not { } newDirectory)
            return -(int)Errno.ESTALE;
        return Result(DirectoryOperations.Rename(oldDirectory, oldName, newDirectory, newName, request.Flags));
    }

    /// <summary>The name of a descriptor in <see cref="_selfDescriptors"/>. Valid until the next one is asked for.</summary>
    private ReadOnlySpan<byte> MagicName(System.Runtime.InteropServices.SafeHandle file)
    {
        _ = ((long)file.DangerousGetHandle()).TryFormat(_magicLink.AsSpan(MagicDirectory.Length), out var length, default, null);
        _magicLink[MagicDirectory.Length + length] = 0;
        return _magicLink.AsSpan(MagicDirectory.Length, length + 1);
    }

    /// <summary>The same as a path. Valid until the next one is asked for.</summary>
    private ReadOnlySpan<byte> MagicPath(System.Runtime.InteropServices.SafeHandle file)
    {
        MagicDirectory.CopyTo(_magicLink);
        return _magicLink.AsSpan(0, MagicDirectory.Length + MagicName(file).Length);
    }

    private static ReadOnlySpan<byte> MagicDirectory => "/proc/self/fd/"u8;
}
