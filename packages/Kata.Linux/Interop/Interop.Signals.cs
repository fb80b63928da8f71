using System.Runtime.InteropServices;

namespace Kata.Linux;

internal static partial class Interop
{
    internal const int SIG_BLOCK = 0;

    [LibraryImport(Libc)]
    internal static unsafe partial int pthread_sigmask(int how, void* set, void* previous);

    [LibraryImport(Libc, SetLastError = true)]
    internal static unsafe partial int sigtimedwait(void* set, void* info, TimeSpecification* timeout);

    [LibraryImport(Libc)]
    internal static partial int gettid();

    [LibraryImport(Libc, SetLastError = true)]
    internal static partial int tgkill(int process, int thread, int signal);
}
