using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Kata.Abstractions;
using Kata.Linux;
using Kata.Protocols.Containerd.Task;
using Kata.Shim.Persistence;
using Kata.Shim.Runtime;
using Microsoft.Extensions.Logging;

namespace Kata.Shim.Hosting;

/// <summary>
/// <c>delete</c>: containerd runs it after every lost connection, also the regular last one, and after its own restart for shims it cannot
/// reach. It needs no daemon and may be run again.
/// </summary>
internal static class DeleteCommand
{
    private const uint KilledStatus = 128 + (uint)Signal.SIGKILL;

    /// <summary>Returns the <c>DeleteResponse</c> to print.</summary>
    internal static async Task<byte[]> RunAsync(ShimArguments arguments, Func<List<IHypervisorProvider>> providers)
    {
        var bundle = arguments.Bundle.Length > 0 ? Path.GetFullPath(arguments.Bundle) : Environment.CurrentDirectory;
        if (!Directory.Exists(bundle))
            throw new CommandLineException($"-bundle: {bundle} is not a directory.");
        var response = new DeleteResponse { ExitStatus = KilledStatus, ExitedAt = Timestamp.FromDateTimeOffset(DateTimeOffset.UtcNow) };
        var role = RoleOf(arguments.Id, bundle);

        // A pod's container has nothing of its own on the host: its mounts live and die with the daemon that serves the pod.
        if (role.Kind != ContainerKind.PodContainer)
        {
            var paths = new SandboxPaths(arguments.Namespace, arguments.Id);
            if (SandboxStateFile.Load(paths) is { } state && state.Namespace == arguments.Namespace)
            {
                response.Pid = (uint)(state.Hypervisor?.MainProcessId ?? 0);
                await CleanUpAsync(arguments, bundle, paths, state, providers);
            }

            ShimSocket.RemoveStale(ShimSocket.PathFor(arguments, arguments.Id));
        }

        UnmountRootfs(bundle);
        return response.ToByteArray();
    }

    private static async Task CleanUpAsync(
        ShimArguments arguments, string bundle, SandboxPaths paths, SandboxState state, Func<List<IHypervisorProvider>> providers)
    {
        using var log = LogFile.Open(bundle);
        var logger = ShimLogger.Create(log, arguments, TimeProvider.System);
        HostLog.CleaningUp(logger, state.Daemon.Pid, state.Hypervisor?.MainProcessId ?? 0);
        await new LeftoverCleaner(logger).CleanUpAsync(paths, state, providers, CancellationToken.None);
    }

    private static ContainerRole RoleOf(string id, string bundle)
    {
        try
        {
            return ContainerRole.Of(id, BundleAnnotations.Read(bundle));
        }
        catch (CommandLineException)
        {
            // A malformed config.json never became a container; what is left goes all the same.
            return new ContainerRole(ContainerKind.Single, id);
        }
    }

    // Ours are in the daemon's mount namespace; this is for what a snapshotter or an earlier version left.
    private static void UnmountRootfs(string bundle)
    {
        var rootfs = Path.Combine(bundle, "rootfs");
        while (MountPoint.Unmount(rootfs, detach: true))
        {
        }
    }
}
