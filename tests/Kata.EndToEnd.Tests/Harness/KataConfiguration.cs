namespace Kata.EndToEnd.Tests.Harness;

/// <summary>Writes a <c>configuration.toml</c> for the shim under test.</summary>
internal static class KataConfiguration
{
    public const int DefaultVcpus = 1;
    public const int DefaultMemoryMib = 256;

    /// <summary>What a VM gets on top of its container's memory limit.</summary>
    public const int OverheadMemoryMib = 192;

    /// <summary>With <paramref name="withDaemon"/>, virtiofsd shares the files, also where the VMM would do it itself.</summary>
    public static string Text(
        Settings settings, int vcpus = DefaultVcpus, int memoryMib = DefaultMemoryMib, bool withDaemon = false) => $"""
        [hypervisor.{settings.Hypervisor}]
        kernel = "{settings.Kernel}"
        initrd = "{settings.Initrd}"
        default_vcpus = {vcpus}
        default_memory = {memoryMib}
        overhead_memory = {OverheadMemoryMib}
        {(settings.IsInProcess ? "" : External(settings))}
        {(settings.IsInProcess && !withDaemon ? "shared_fs = \"inline-virtio-fs\"" : Daemon(settings))}

        [agent.kata]
        reconnect_timeout_ms = {Settings.Scaled(60).TotalMilliseconds}
        request_timeout_ms = {Settings.Scaled(30).TotalMilliseconds}

        [runtime]
        name = "virt_container"
        hypervisor_name = "{settings.Hypervisor}"
        agent_name = "kata"
        static_sandbox_resource_mgmt = true
        """;

    private static string External(Settings settings) => $"""
        path = "{settings.Qemu}"
        machine_type = "q35"
        """;

    private static string Daemon(Settings settings) => $"""
        shared_fs = "virtio-fs"
        virtio_fs_daemon = "{settings.VirtioFsDaemon}"
        """;
}
