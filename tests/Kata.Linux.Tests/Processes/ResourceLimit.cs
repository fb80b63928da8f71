using System.Runtime.InteropServices;

namespace Kata.Linux.Tests.Processes;

/// <summary>A lower limit of the process (setrlimit(2), soft) until disposal. Nothing may run beside it.</summary>
internal sealed unsafe partial class ResourceLimit : IDisposable
{
    /// <summary>RLIMIT_NPROC.</summary>
    public const int Threads = 6;

    /// <summary>RLIMIT_NOFILE.</summary>
    public const int Descriptors = 7;

    /// <summary>RLIMIT_SIGPENDING.</summary>
    public const int PendingSignals = 11;

    private readonly int _resource;
    private readonly ulong _soft;

    public ResourceLimit(int resource, ulong soft)
    {
        var values = stackalloc ulong[2];
        Assert.AreEqual(0, getrlimit(resource, values));
        (_resource, _soft, Hard) = (resource, values[0], values[1]);
        values[0] = soft;
        Assert.AreEqual(0, setrlimit(resource, values));
    }

    public ulong Hard { get; }

    public void Dispose()
    {
        var values = stackalloc ulong[] { _soft, Hard };
        Assert.AreEqual(0, setrlimit(_resource, values));
    }

    [LibraryImport("libc")]
    private static partial int getrlimit(int resource, ulong* limit);

    [LibraryImport("libc")]
    private static partial int setrlimit(int resource, ulong* limit);
}
