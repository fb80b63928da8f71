namespace Kata.EndToEnd.Tests.Harness;

/// <summary>Finds the processes that serve a container.</summary>
internal static class HostProcesses
{
    public static HostProcess Shim(TestHost host, string containerId) =>
        Find(host, containerId, p => Path.GetFileName(p.Executable).StartsWith("containerd-shim", StringComparison.Ordinal), "shim");

    public static HostProcess Vmm(TestHost host, string containerId) =>
        Find(host, containerId, p => p.Executable == host.Settings.Qemu, "VMM");

    /// <summary>Every virtiofsd of a container: it forks, and one of the two holds the file system.</summary>
    public static IReadOnlyList<HostProcess> VirtioFsDaemons(TestHost host, string containerId) =>
        [.. HostProcess.All(host.Isolation).Where(p => p.Executable == host.Settings.VirtioFsDaemon && p.CommandLine.Contains(containerId, StringComparison.Ordinal))];

    private static HostProcess Find(TestHost host, string containerId, Func<HostProcess, bool> isOne, string what)
    {
        var all = HostProcess.All(host.Isolation).Where(isOne).ToList();
        // A single container needs no id on the command line.
        return all.Count == 1
            ? all[0]
            : all.Find(p => p.CommandLine.Contains(containerId, StringComparison.Ordinal))
                ?? throw new AssertFailedException($"No {what} of {containerId} runs. There are: {string.Join("; ", all)}");
    }
}
