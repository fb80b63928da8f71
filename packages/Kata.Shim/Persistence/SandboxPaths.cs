using System.Text;
using Kata.Shim.Hosting;
using Kata.Shim.Resources.SharedFs;

namespace Kata.Shim.Persistence;

/// <summary>Where a sandbox keeps its files on the host.</summary>
internal sealed record SandboxPaths
{
    /// <summary>Kata's well-known directory.</summary>
    internal const string DefaultRoot = "/run/kata";

    // A 40 character file name below the VM's directory still has to fit into a unix socket's address.
    private const int MaxVmDirectory = Linux.UnixSocket.MaxPathLength - 41;

    internal SandboxPaths(string containerdNamespace, string sandboxId, string root = DefaultRoot, string sharedRoot = SharedDirectory.DefaultRoot)
    {
        SharedRoot = sharedRoot;
        Directory = $"{root}/{sandboxId}";
        StateFile = $"{Directory}/state.json";
        VmDirectory = $"{Directory}/vm";
        if (VmDirectory.Length > MaxVmDirectory)
            VmDirectory = $"{root}/vm-{Sha256.HexDigest(Encoding.UTF8.GetBytes($"{containerdNamespace}/{sandboxId}"))[..16]}";
    }

    /// <summary>The sandbox's directory, mode 0700.</summary>
    internal string Directory { get; }

    /// <summary>What a later clean-up reads.</summary>
    internal string StateFile { get; }

    /// <summary>Where the directories shared with guests are.</summary>
    internal string SharedRoot { get; }

    /// <summary>The VM's private directory: below <see cref="Directory"/>, or beside it when the id is too long for sockets.</summary>
    internal string VmDirectory { get; }
}
