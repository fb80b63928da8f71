namespace Kata.EndToEnd.Tests.Harness;

/// <summary>Writes a <c>configuration.toml</c> for the shim under test.</summary>
internal static class KataConfiguration
{
    public const int DefaultVcpus = 1;
    public const int DefaultMemoryMib = 256;

    /// <summary>What a VM gets on top of its container's memory limit.</summary>
    public const int OverheadMemoryMib = 192;

    public static string Text(Settings settings, int vcpus = DefaultVcpus, int memoryMib = DefaultMemoryMib, string extra = "") => $"""
        [hypervisor.qemu]
        path = "{settings.Qemu}"
        kernel = "{settings.Kernel}"
        initrd = "{settings.Initrd}"
        machine_type = "q35"
        default_vcpus = {vcpus}
        default_memory = {memoryMib}
        overhead_memory = {OverheadMemoryMib}
        shared_fs = "virtio-fs"
        virtio_fs_daemon = "{settings.VirtioFsDaemon}"
        {extra}

        [agent.kata]

        [runtime]
        name = "virt_container"
        hypervisor_name = "qemu"
        agent_name = "kata"
        static_sandbox_resource_mgmt = true
        """;
}
