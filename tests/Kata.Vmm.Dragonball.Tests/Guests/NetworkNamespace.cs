using Kata.Linux;
using Microsoft.Win32.SafeHandles;

namespace Kata.Vmm.Dragonball.Tests.Guests;

/// <summary>A network namespace of its own, as long as it is not disposed.</summary>
internal sealed class NetworkNamespace : IDisposable
{
    private readonly SafeFileHandle _handle =
        Namespaces.RunInNew(NamespaceKinds.Network, () => FileDescriptors.Open("/proc/thread-self/ns/net", OpenFlags.ReadOnly));

    /// <summary>For this process and its children.</summary>
    public string Path => $"/proc/{Environment.ProcessId}/fd/{_handle.DangerousGetHandle()}";

    /// <summary>Does something in there. What is opened stays in there.</summary>
    public T Run<T>(Func<T> action) => Namespaces.RunIn(Path, NamespaceKinds.Network, action);

    /// <summary>Runs a program in there.</summary>
    public string RunCommand(params string[] command) => HostCommand.Run("nsenter", [$"--net={Path}", .. command]);

    public void Dispose() => _handle.Dispose();
}
