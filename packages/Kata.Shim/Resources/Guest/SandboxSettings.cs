using System.Globalization;
using Kata.Linux;
using Kata.Protocols.Agent;
using Kata.Shim.Configuration;
using Kata.Shim.Resources.SharedFs;
using Spec = Kata.Protocols.Oci.Spec;

namespace Kata.Shim.Resources.Guest;

/// <summary>What the guest is told about the sandbox as a whole.</summary>
internal static class SandboxSettings
{
    private const long DefaultSharedMemory = 64 * 1024 * 1024;
    private const int MaxResolvConf = 64 * 1024;

    /// <summary>Makes the request that sets the guest up.</summary>
    /// <param name="sandboxId">The sandbox id.</param>
    /// <param name="spec">The configuration of the sandbox's first container.</param>
    /// <param name="configuration">The sandbox's configuration.</param>
    /// <param name="shared">Whether the guest finds a shared directory.</param>
    public static CreateSandboxRequest MakeRequest(string sandboxId, Spec spec, KataConfiguration configuration, bool shared)
    {
        var request = new CreateSandboxRequest
        {
            SandboxId = sandboxId,
            Hostname = spec.Hostname ?? "",
            GuestHookPath = configuration.Hypervisor.OtherKeys.GetValueOrDefault("guest_hook_path", ""),
        };
        request.Dns.AddRange(DnsLines(spec));
        request.KernelModules.AddRange(configuration.Agent.KernelModules.Select(ModuleOf));
        if (shared)
        {
            request.Storages.Add(new Storage
            {
                Driver = "virtio-fs",
                Source = GuestPaths.SharedTag,
                Fstype = "virtiofs",
                MountPoint = GuestPaths.Shared,
                Options = { "nodev" },
            });
        }

        request.Storages.Add(new Storage
        {
            Driver = "ephemeral",
            Source = "shm",
            Fstype = "tmpfs",
            MountPoint = GuestPaths.SharedMemory,
            Options = { "noexec", "nosuid", "nodev", "mode=1777", string.Create(CultureInfo.InvariantCulture, $"size={SharedMemorySize(spec)}") },
        });
        return request;
    }

    /// <summary>Bytes of <c>/dev/shm</c>: what its mount says, or what the host directory behind it can hold.</summary>
    internal static long SharedMemorySize(Spec spec)
    {
        var mount = spec.Mounts?.LastOrDefault(mount => mount.Destination?.TrimEnd('/') == "/dev/shm");
        var size = mount?.Options?.LastOrDefault(option => option.StartsWith("size=", StringComparison.Ordinal));
        if (size is not null && TryParseSize(size["size=".Length..], out var bytes))
            return bytes;
        if (mount is not { Type: "bind", Source.Length: > 0 } || mount.Source == "/dev/shm")
            return DefaultSharedMemory;
        try
        {
            return MountPoint.CapacityOf(mount.Source) is > 0 and var capacity ? capacity : DefaultSharedMemory;
        }
        catch (LinuxException)
        {
            return DefaultSharedMemory;
        }
    }

    /// <summary>The lines of the file on the host that is mounted as <c>/etc/resolv.conf</c>.</summary>
    internal static IReadOnlyList<string> DnsLines(Spec spec)
    {
        var source = spec.Mounts?.LastOrDefault(mount => mount.Destination == "/etc/resolv.conf")?.Source;
        if (source is null || FileDescriptors.Status(source) is not { Kind: FileKind.Regular, Size: <= MaxResolvConf })
            return [];
        return File.ReadAllLines(source);
    }

    private static bool TryParseSize(string text, out long bytes)
    {
        var unit = text.Length > 0 ? char.ToLowerInvariant(text[^1]) switch { 'k' => 10, 'm' => 20, 'g' => 30, _ => 0 } : 0;
        var parsed = long.TryParse(unit > 0 ? text[..^1] : text, NumberStyles.None, CultureInfo.InvariantCulture, out var count);
        bytes = parsed && count <= long.MaxValue >> unit ? count << unit : 0;
        return bytes > 0;
    }

    /// <summary>A module with parameters, e.g. <c>nf_nat hashsize=1024</c>; quotes keep blanks together.</summary>
    private static KernelModule ModuleOf(string text)
    {
        var words = KernelParameters.Split(text);
        var module = new KernelModule { Name = words.Count > 0 ? words[0] : "" };
        module.Parameters.AddRange(words.Skip(1).Select(word => word.Replace("\"", "", StringComparison.Ordinal)));
        return module;
    }
}
