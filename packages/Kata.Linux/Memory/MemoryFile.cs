using Microsoft.Win32.SafeHandles;
using static Kata.Linux.Interop;

namespace Kata.Linux;

/// <summary>Memory in form of a file (memfd_create(2)) that other processes can map.</summary>
public static class MemoryFile
{
    private const uint MFD_CLOEXEC = 1;
    private const uint MFD_ALLOW_SEALING = 2;
    private const uint MFD_HUGETLB = 4;
    private const uint MFD_HUGE_2MB = 21u << 26;
    private const int F_ADD_SEALS = 1033;
    private const int F_SEAL_SEAL = 1;
    private const int F_SEAL_SHRINK = 2;
    private const int F_SEAL_GROW = 4;

    /// <summary>
    /// Makes a file whose size nobody can change any more: touching a mapping of it cannot fail because somebody has truncated it.
    /// </summary>
    /// <param name="name">What /proc shows.</param>
    /// <param name="size">Bytes; a multiple of 2 MiB with huge pages.</param>
    /// <param name="hugePages">Of 2 MiB pages, which the host must have reserved.</param>
    /// <exception cref="LinuxException">As memfd_create(2) and ftruncate(2).</exception>
    public static SafeFileHandle CreateSealed(string name, long size, bool hugePages = false)
    {
        var flags = MFD_CLOEXEC | MFD_ALLOW_SEALING | (hugePages ? MFD_HUGETLB | MFD_HUGE_2MB : 0);
        var file = FileDescriptors.Valid(memfd_create(name, flags), "memfd_create", name);
        try
        {
            LinuxException.Check(ftruncate(file, size), "ftruncate", name);
            LinuxException.Check(fcntl(file, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW), "fcntl", name);
            return file;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }
}
