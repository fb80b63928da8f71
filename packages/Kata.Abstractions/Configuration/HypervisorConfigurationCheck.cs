namespace Kata.Abstractions.Configuration;

/// <summary>
/// Checks that every hypervisor makes of its section before anything is started. Each throws a <see cref="ConfigurationException"/> that
/// names the key of the first value that cannot be used.
/// </summary>
/// <param name="provider">The hypervisor's name, as in <c>[hypervisor.NAME]</c>.</param>
/// <param name="configuration">The section.</param>
/// <param name="fileProblem">
/// Why an absolute path is no file to read, continuing a sentence that begins with the path, e.g. <c>does not exist</c>; null when it is
/// one. <c>Kata.Linux.FileSystem.WhyUnreadable</c> fits.
/// </param>
public sealed class HypervisorConfigurationCheck(string provider, HypervisorConfiguration configuration, Func<string, string?> fileProblem)
{
    /// <summary>COMMAND_LINE_SIZE of x86 without the terminator.</summary>
    private const int LongestCommandLine = 2047;

    /// <summary>An error about a key of the section.</summary>
    /// <param name="key">The key, e.g. <c>kernel</c>.</param>
    /// <param name="problem">What is wrong and what to do, as a sentence without the key.</param>
    public ConfigurationException Error(string key, string problem) => new($"hypervisor.{provider}.{key}", configuration.Source, problem);

    /// <summary>Checks that a key names a file.</summary>
    /// <param name="key">The key.</param>
    /// <param name="path">Its value.</param>
    /// <param name="what">What the file is for, e.g. <c>the guest's kernel</c>.</param>
    /// <exception cref="ConfigurationException">It is not set, not absolute, or no file to read.</exception>
    public void File(string key, string path, string what)
    {
        if (path.Length == 0)
            throw Error(key, $"Not set; give the path of {what}.");
        if (!Path.IsPathRooted(path))
            throw Error(key, $"{path} is not an absolute path.");
        if (fileProblem(path) is { } problem)
            throw Error(key, $"{path} {problem}; give the path of {what}.");
    }

    /// <summary><c>kernel</c>, and one of <c>initrd</c> and <c>image</c>, whose file system a kernel mounts as its root (<c>rootfs_type</c>).</summary>
    /// <exception cref="ConfigurationException">One of them cannot be used.</exception>
    public void Boot()
    {
        File("kernel", configuration.Kernel, "the guest's kernel, e.g. a distribution's vmlinuz");
        switch (configuration.Initrd.Length > 0, configuration.Image.Length > 0)
        {
            case (true, true):
                throw Error("image", "image and initrd exclude each other; remove one of them.");
            case (false, false):
                throw Error("initrd", "Neither initrd nor image is set; the guest needs one of them.");
            case (true, false):
                File("initrd", configuration.Initrd, "the guest's initial RAM disk");
                break;
            default:
                File("image", configuration.Image, "the guest's root disk");
                if (configuration.RootfsType is not ("ext4" or "xfs" or "erofs"))
                    throw Error("rootfs_type", $"\"{configuration.RootfsType}\" is not supported; use ext4, xfs or erofs.");
                break;
        }
    }

    /// <summary><c>default_vcpus</c>, <c>default_maxvcpus</c>, <c>default_memory</c> and <c>default_maxmemory</c>.</summary>
    /// <param name="mostVcpus">What the hypervisor can do.</param>
    /// <param name="leastMemoryMib">What a guest needs, in MiB.</param>
    /// <exception cref="ConfigurationException">One of them is not possible, or more than its maximum.</exception>
    public void Sizes(int mostVcpus, ulong leastMemoryMib)
    {
        var (vcpus, memory) = (configuration.Vcpus, configuration.MemoryMib);
        if (vcpus < 1 || vcpus > mostVcpus)
            throw Error("default_vcpus", $"{vcpus} vCPUs are not possible; use 1 to {mostVcpus}.");
        if (configuration.MaxVcpus < vcpus)
            throw Error("default_maxvcpus", $"{configuration.MaxVcpus} are less than default_vcpus ({vcpus}).");
        if (memory < leastMemoryMib)
            throw Error("default_memory", $"{memory} MiB are too few; at least {leastMemoryMib} MiB are needed.");
        if (configuration.MaxMemoryMib != 0 && configuration.MaxMemoryMib < memory)
            throw Error("default_maxmemory", $"{configuration.MaxMemoryMib} MiB are less than default_memory ({memory} MiB).");
    }

    /// <summary><c>kernel_params</c>, as a part of the whole kernel command line.</summary>
    /// <param name="commandLine">The longest that the guest may get.</param>
    /// <exception cref="ConfigurationException">It has control characters, or is longer than a kernel takes: 2047 characters.</exception>
    public void KernelParameters(string commandLine)
    {
        if (configuration.KernelParameters.Any(char.IsControl))
            throw Error("kernel_params", "Line breaks and other control characters cannot be part of a kernel command line.");
        if (commandLine.Length > LongestCommandLine)
        {
            throw Error(
                "kernel_params",
                $"The kernel command line has {commandLine.Length} characters, {commandLine.Length - LongestCommandLine} more than the kernel takes.");
        }
    }
}
