using Kata.Abstractions;
using Kata.Linux;
using Kata.Protocols.Oci;
using Kata.Shim.Configuration;
using Microsoft.Extensions.Logging;

namespace Kata.Shim.Resources.Network;

/// <summary>Which network namespace a sandbox runs in.</summary>
/// <param name="Path">The namespace; null for the runtime's own.</param>
/// <param name="Make">It does not exist yet: the runtime makes it.</param>
internal readonly record struct NetworkNamespaceChoice(string? Path, bool Make)
{
    /// <summary>Decides by the sandbox's configuration.</summary>
    /// <param name="spec">The OCI configuration.</param>
    /// <param name="runtime">The runtime section.</param>
    /// <param name="runDirectory">Where a namespace of our own is put.</param>
    /// <param name="logger">Where to log.</param>
    /// <exception cref="KataException">The namespace is the host's, whose interfaces a VM would take away.</exception>
    public static NetworkNamespaceChoice Of(Spec spec, RuntimeConfiguration runtime, string runDirectory, ILogger logger)
    {
        if (runtime.DisableNewNetworkNamespace)
            return default;
        var entry = spec.Linux?.Namespaces?.FirstOrDefault(entry => entry.Type == "network");
        if (entry is null)
        {
            ResourcesLog.NoHostNetwork(logger);
            return default;
        }

        // Some clients write the namespace of "process 0" for one that they will fill in themselves.
        if (string.IsNullOrEmpty(entry.Path) || entry.Path == "/proc/0/ns/net")
            return new NetworkNamespaceChoice($"{runDirectory}/netns", Make: true);
        if (FileDescriptors.Status(entry.Path) is not { } status)
            throw new KataException(KataErrorKind.InvalidArgument, $"The network namespace {entry.Path} does not exist.");
        if (FileDescriptors.Status("/proc/self/ns/net") is { } own && own.Inode == status.Inode && own.DeviceMajor == status.DeviceMajor && own.DeviceMinor == status.DeviceMinor)
        {
            throw new KataException(
                KataErrorKind.InvalidArgument,
                $"The network namespace {entry.Path} is the host's; a VM would take the host's interfaces away. Give the sandbox a namespace of its own.");
        }

        return new NetworkNamespaceChoice(entry.Path, Make: false);
    }
}
