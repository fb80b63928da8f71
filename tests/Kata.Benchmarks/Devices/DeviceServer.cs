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
        await using VirtioDevice device = kind switch
        {
            "block" => VirtioBlock.Create(new VirtioBlockOptions { Path = argument }),
            "fs" => VirtioFileSystem.Create(new VirtioFileSystemOptions { Path = argument, Tag = "shared" }),
            "vsock" => VirtioVsock.Create(new VirtioVsockOptions { HybridSocketPath = argument, GuestCid = 3 }),
            _ => throw new ArgumentException($"There is no device '{kind}'."),
        };
        await using var backEnd = VhostUserBackEnd.Start(device, socketPath, NullLogger.Instance);
        await backEnd.Completed;
        return 0;
    }
}
