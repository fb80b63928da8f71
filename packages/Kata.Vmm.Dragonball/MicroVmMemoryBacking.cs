namespace Kata.Vmm.Dragonball;

/// <summary>What the guest's memory is made of.</summary>
public enum MicroVmMemoryBacking
{
    /// <summary>Private memory of this process.</summary>
    Anonymous,

    /// <summary>A sealed memfd, which vhost-user devices in other processes need.</summary>
    Shared,

    /// <summary>A sealed memfd of 2 MiB pages, which the host must have reserved (vm.nr_hugepages). Shareable, too.</summary>
    HugePages,
}
