using System.Buffers.Binary;
using System.Text;
using static Kata.Linux.Interop;

namespace Kata.Linux;

/// <summary>What the first process of a system may do with the machine and its kernel.</summary>
public static class Machine
{
    /// <summary>Writes everything out and switches the machine off (reboot(2)). In a pid namespace it ends that namespace instead.</summary>
    /// <exception cref="LinuxException">EPERM without CAP_SYS_BOOT.</exception>
    public static void PowerOff()
    {
        sync();
        LinuxException.Check(reboot(LINUX_REBOOT_CMD_POWER_OFF), "reboot");
    }

    /// <summary>Loads a kernel module (finit_module(2)); false when it was loaded already.</summary>
    /// <param name="path">The uncompressed module.</param>
    /// <param name="parameters"><c>name=value</c>, space separated.</param>
    /// <exception cref="LinuxException">ENOENT for a missing file or symbol, ENOEXEC for a module of another kernel, and others.</exception>
    public static bool LoadModule(string path, string parameters = "")
    {
        using var module = FileDescriptors.Open(path, OpenFlags.ReadOnly);
        if (finit_module(SYS_finit_module, module, parameters, 0) == 0)
            return true;
        return LinuxException.LastErrno == Errno.EEXIST ? false : throw LinuxException.FromLastError("finit_module", path);
    }

    /// <summary>Sets the host name of the calling thread's UTS namespace.</summary>
    public static unsafe void SetHostName(string name)
    {
        var bytes = Encoding.UTF8.GetBytes(name);
        fixed (byte* pointer = bytes)
            LinuxException.Check(sethostname(pointer, (nuint)bytes.Length), "sethostname", name);
    }

    /// <summary>Sets the wall clock.</summary>
    public static unsafe void SetClock(DateTimeOffset time)
    {
        var ticks = (time - DateTimeOffset.UnixEpoch).Ticks;
        var seconds = Math.DivRem(ticks, TimeSpan.TicksPerSecond, out var rest);
        var value = new TimeSpecification { Seconds = seconds, Nanoseconds = rest * TimeSpan.NanosecondsPerTick };
        LinuxException.Check(clock_settime(CLOCK_REALTIME, &value), "clock_settime");
    }

    /// <summary>Mixes bytes into the kernel's random number generator, counts them as entropy, and makes it use them at once.</summary>
    public static unsafe void AddEntropy(ReadOnlySpan<byte> data)
    {
        // struct rand_pool_info: entropy in bits, size in bytes, the bytes.
        var pool = new byte[(2 * sizeof(int)) + data.Length];
        BinaryPrimitives.WriteInt32LittleEndian(pool, checked(data.Length * 8));
        BinaryPrimitives.WriteInt32LittleEndian(pool.AsSpan(sizeof(int)), data.Length);
        data.CopyTo(pool.AsSpan(2 * sizeof(int)));
        using var random = FileDescriptors.Open("/dev/urandom", OpenFlags.ReadWrite);
        fixed (byte* pointer = pool)
            LinuxException.Check(ioctl(random, RNDADDENTROPY, pointer), "ioctl", "RNDADDENTROPY");
        LinuxException.Check(ioctl(random, RNDRESEEDCRNG, null), "ioctl", "RNDRESEEDCRNG");
    }

    /// <summary>Swaps to a prepared block device or file (swapon(2)).</summary>
    public static void EnableSwap(string path) => LinuxException.Check(swapon(path, 0), "swapon", path);
}
