using Kata.Virtio;
using Microsoft.Extensions.Logging.Abstractions;

namespace Kata.Benchmarks.Devices;

/// <summary>Our back end as a process of its own, until it is killed.</summary>
internal static class DeviceServer
{
    public static Verb Verb { get; } = new("serve-device", "KIND SOCKET ARGUMENT: one of our devices over vhost-user, for `devices`", RunAsync);

    /// <summary>The command that serves a device.</summary>
    public static string[] Command(string kind, string socketPath, string argument) =>
        [Environment.ProcessPath!, Verb.Name, kind, socketPath, argument];

    private static async Task<int> RunAsync(string[] args)
    {
        var (kind, socketPath, argument) = (args[0], args[1], args[2]);
        switch (kind)
        {
            case "block":
                await using (var block = VirtioBlock.Create(new VirtioBlockOptions { Path = argument }))
                await using (var backEnd = VhostUserBackEnd.Start(block, socketPath, NullLogger.Instance))
                    await backEnd.Completed;
                return 0;
            case "vsock":
                await using (var vsock = VhostUserVsock.Start(new VhostUserVsockOptions
                {
                    VhostUserSocketPath = socketPath,
                    HybridSocketPath = argument,
                    GuestCid = 3,
                }))
                {
                    await vsock.Completed;
                }

                return 0;
            default:
                throw new ArgumentException($"There is no device '{kind}'.");
        }
    }
}
